// The update rules on the CPU: one pass over each parameter. The formulas are
// in the header.
#include "solver/update_rules.hpp"

#include "core/parallel.hpp"

namespace caffe {

template <typename Rule, typename Dtype>
void ApplyRule(const Rule& rule, const GradientTerms<Dtype>& terms,
               Blob<Dtype>* param, Blob<Dtype>* first, Blob<Dtype>* second) {
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    ApplyRuleGpu(rule, terms, param, first, second);
    return;
  }
#endif
  constexpr int64_t kOperations = 8;
  Dtype* weight = param->mutable_cpu_data();
  Dtype* diff = param->mutable_cpu_diff();
  Dtype* h = first->mutable_cpu_data();
  Dtype* k = Rule::kTwoHistories ? second->mutable_cpu_data() : h;
  ParallelFor(param->count(), kOperations, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Dtype step = rule(terms(diff[i], weight[i]), h + i, k + i);
      diff[i] = step;
      weight[i] -= step;
    }
  });
}

#define TERCET_INSTANTIATE_RULE(Rule, Dtype)                               \
  template void ApplyRule(const Rule<Dtype>&, const GradientTerms<Dtype>&, \
                          Blob<Dtype>*, Blob<Dtype>*, Blob<Dtype>*);
TERCET_FOR_EACH_RULE(TERCET_INSTANTIATE_RULE)
#undef TERCET_INSTANTIATE_RULE

}  // namespace caffe
