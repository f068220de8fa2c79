// What this build is. It stands here because it asks the parts below for what
// they were built with. The commit changes most often, and nothing else
// includes its header.
#include "caffe/version.hpp"

#include <cblas.h>

#include "convolution/cudnn_choice.hpp"
#include "core/device.hpp"
#include "net/commit.hpp"

namespace caffe {
namespace {

string Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

string OrNone(const string& text) { return text.empty() ? "none" : text; }

// "CUDA 13.0, ..." without the name in front.
string Unnamed(const string& text) { return text.substr(text.find(' ') + 1); }

}  // namespace

string BuildCommit() { return TERCET_COMMIT; }

string BuildDescription() {
  return "tercet " TERCET_VERSION "\ncommit: " + OrNone(BuildCommit()) +
         "\ncompiler: " + Compiler() +
         "\nBLAS: " + openblas_get_config() +
         "\nBLAS kernels: " + openblas_get_corename() +
         "\nCUDA: " + OrNone(Unnamed(CudaVersions())) +
         "\ncuDNN: " + OrNone(Unnamed(CudnnVersion())) + "\n";
}

}  // namespace caffe
