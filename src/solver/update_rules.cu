// The update rules on the GPU: one kernel a rule, one thread a value. The
// formulas are in the header.
#include "solver/update_rules.hpp"
#include "core/device.cuh"

namespace caffe {

template <typename Rule, typename Dtype>
void ApplyRuleGpu(const Rule& rule, const GradientTerms<Dtype>& terms,
                  Blob<Dtype>* param, Blob<Dtype>* first,
                  Blob<Dtype>* second) {
  Dtype* weight = param->mutable_gpu_data();
  Dtype* diff = param->mutable_gpu_diff();
  Dtype* h = first->mutable_gpu_data();
  Dtype* k = Rule::kTwoHistories ? second->mutable_gpu_data() : h;
  ForEach(param->count(), [=] __device__(int64_t i) {
    const Dtype step = rule(terms(diff[i], weight[i]), h + i, k + i);
    diff[i] = step;
    weight[i] -= step;
  });
}

#define TERCET_INSTANTIATE_RULE(Rule, Dtype)                                  \
  template void ApplyRuleGpu(const Rule<Dtype>&, const GradientTerms<Dtype>&, \
                             Blob<Dtype>*, Blob<Dtype>*, Blob<Dtype>*);
TERCET_FOR_EACH_RULE(TERCET_INSTANTIATE_RULE)
#undef TERCET_INSTANTIATE_RULE

}  // namespace caffe
