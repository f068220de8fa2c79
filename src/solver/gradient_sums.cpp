// Sums over gradients on the CPU, parameter by parameter.
#include "solver/gradient_sums.hpp"

#include <cmath>

namespace caffe {

template <typename Dtype>
bool GradientSums::AreFinite(const vector<Blob<Dtype>*>& params) {
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    return SumsGpu(params).not_finite == 0;
  }
#endif
  for (const Blob<Dtype>* param : params) {
    if (!std::isfinite(param->asum_diff())) return false;
  }
  return true;
}

template <typename Dtype>
double GradientSums::Squares(const vector<Blob<Dtype>*>& params) {
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) return SumsGpu(params).squares;
#endif
  double squares = 0;
  for (const Blob<Dtype>* param : params) squares += param->sumsq_diff();
  return squares;
}

#define INSTANTIATE_SUMS(Dtype)                                       \
  template bool GradientSums::AreFinite(const vector<Blob<Dtype>*>&); \
  template double GradientSums::Squares(const vector<Blob<Dtype>*>&)
INSTANTIATE_SUMS(float);
INSTANTIATE_SUMS(double);

}  // namespace caffe
