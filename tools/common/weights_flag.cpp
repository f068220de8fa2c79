// Weights into the nets of tools that run one themselves.
#include "tools/common/weights_flag.hpp"

#include "net/weight_filler.hpp"
#include "net/weights.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {

const std::string& CheckedWeights(const std::string& value) {
  USAGE_CHECK(value.empty() || !SplitList(value).empty())
      << "--weights=" << value << ": names no file";
  return value;
}

template <typename Dtype>
void LoadWeights(const std::string& value, Net<Dtype>* net) {
  FillFromFiles(WeightFiles(CheckedWeights(value)), net);
}

template void LoadWeights<float>(const std::string&, Net<float>*);
template void LoadWeights<double>(const std::string&, Net<double>*);

}  // namespace caffe
