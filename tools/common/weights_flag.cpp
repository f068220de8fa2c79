// Weights into the nets of tools that run one themselves.
#include "tools/common/weights_flag.hpp"

#include <algorithm>

#include "net/weight_filler.hpp"
#include "net/weights.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {

std::string CheckedWeights(const std::string& value) {
  const std::vector<std::string> files = SplitList(value);
  USAGE_CHECK(value.empty() || !files.empty())
      << "--weights=" << value << ": names no file";
  const bool none = std::count(files.begin(), files.end(), "none") > 0;
  USAGE_CHECK(!none || files.size() == 1)
      << "--weights=" << value << ": none, for no weights, stands alone (a "
      << "file of that name is ./none)";
  return none ? "" : value;
}

void RequireWeights() {
  USAGE_CHECK(FlagGiven("weights") && !FlagValues("weights").back().empty())
      << "--weights is missing: give --weights=F, or --weights=none for a net "
      << "as its fillers make it";
}

void CheckWeightsGiven(const std::string& model, bool has_parameters) {
  USAGE_CHECK(!has_parameters || FlagGiven("weights"))
      << "--weights is missing: " << model << " has weights, which would be "
      << "random; give --weights=F, or --weights=none where that is meant";
}

template <typename Dtype>
void LoadWeights(const std::string& value, Net<Dtype>* net) {
  FillFromFiles(WeightFiles(CheckedWeights(value)), net);
}

template void LoadWeights<float>(const std::string&, Net<float>*);
template void LoadWeights<double>(const std::string&, Net<double>*);

}  // namespace caffe
