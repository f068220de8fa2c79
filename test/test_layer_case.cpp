// The one place where layer_case.hpp is compiled for float and double.
#include "layer_case.hpp"

namespace caffe {

template class LayerRunner<float>;
template class LayerRunner<double>;
template class LayerCase<float>;
template class LayerCase<double>;
template void ExpectSameForAnyThreads<float>(const string&,
                                             const vector<vector<int>>&,
                                             const vector<double>&);
template void ExpectSameForAnyThreads<double>(const string&,
                                              const vector<vector<int>>&,
                                              const vector<double>&);

}  // namespace caffe
