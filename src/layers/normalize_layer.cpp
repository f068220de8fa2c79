// Normalize: L2 norm of each row, forward and backward in one pass each.
#include "caffe/layers/normalize_layer.hpp"

#include <cmath>
#include <vector>

#include "caffe/pairwise/distances.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {

template <typename Dtype>
void NormalizeLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  const NormalizeParameter& param = this->layer_param_.normalize_param();
  INPUT_CHECK(std::isfinite(param.eps()) && param.eps() >= 0)
      << "normalize_param: eps is " << param.eps()
      << ", but must be finite and not negative";
  INPUT_CHECK(param.normalize_type() == "L2")
      << "normalize_param: normalize_type is '" << param.normalize_type()
      << "', but only \"L2\" is known";
  INPUT_CHECK(!param.fix_gradient() && !param.bp_norm())
      << "normalize_param: " << (param.bp_norm() ? "bp_norm" : "fix_gradient")
      << " belongs to another layer of this name; the gradient here is that "
         "of the L2 norm";
  eps_ = param.eps();
}

template <typename Dtype>
void NormalizeLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 1)
      << "the bottom is a scalar, but must have rows to normalize";
  if (top[0] != bottom[0]) top[0]->ReshapeLike(*bottom[0]);
  inverse_.Reshape({bottom[0]->shape(0)});
}

template <typename Dtype>
void NormalizeLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  Dtype* inverse = inverse_.mutable_cpu_data();
  const Dtype eps = eps_;
  ParallelFor(N, 3 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Dtype* row = x + i * D;
      inverse[i] = metric::InverseAbove(
          metric::RowLaneSum<Dtype>(
              D, [=](int64_t k) { return row[k] * row[k]; }),
          eps);
      // In place, the row must stay to be named.
      if (std::isnan(inverse[i])) continue;
      for (int64_t k = i * D; k < (i + 1) * D; ++k) {
        y[k] = inverse[i] == 0 ? Dtype(0) : x[k] * inverse[i];
      }
    }
  });
  for (int64_t i = 0; i < N; ++i) {
    if (std::isnan(inverse[i])) metric::FailRows(x, 0, N, D, "the bottom");
  }
}

template <typename Dtype>
void NormalizeLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const int64_t N = bottom[0]->shape(0), D = bottom[0]->count(1);
  const Dtype* y = top[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  const Dtype* inverse = inverse_.cpu_data();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  ParallelFor(N, 4 * D, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Dtype* row = y + i * D;
      const Dtype* diff = dy + i * D;
      const Dtype dot = metric::RowLaneSum<Dtype>(
          D, [=](int64_t k) { return row[k] * diff[k]; });
      for (int64_t k = i * D; k < (i + 1) * D; ++k) {
        dx[k] = (dy[k] - y[k] * dot) * inverse[i];
      }
    }
  });
}

template <typename Dtype>
void NormalizeLayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top,
                                      vector<int>* sides) const {
  for (int i = 0; i < inverse_.count(); ++i) {
    sides->push_back(inverse_.cpu_data()[i] != 0);
  }
}

INSTANTIATE_CLASS(NormalizeLayer);
REGISTER_LAYER_CLASS(Normalize);

}  // namespace caffe
