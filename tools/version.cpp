// Prints what this build is and what it was built with.
#include <cstdio>

#include "caffe/version.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

int Run() {
  std::fputs(BuildDescription().c_str(), stdout);
  return 0;
}

const Command command(
    "version", "prints the version, the commit and what it was built with",
    "tercet version", Run);

}  // namespace
}  // namespace caffe
