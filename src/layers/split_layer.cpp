// SplitLayer on the CPU: shared data forward, the sum of the diffs backward.
#include "caffe/layers/split_layer.hpp"

#include <algorithm>

#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void SplitLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                const vector<Blob<Dtype>*>& top) {
  for (Blob<Dtype>* y : top) {
    INPUT_CHECK(y != bottom[0])
        << "cannot run in place: a top must have another name than the bottom";
    y->ReshapeLike(*bottom[0]);
  }
}

template <typename Dtype>
void SplitLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  for (Blob<Dtype>* y : top) y->ShareData(*bottom[0]);
}

template <typename Dtype>
void SplitLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  if (top.size() == 1) {
    caffe_copy(bottom[0]->count(), top[0]->cpu_diff(),
               bottom[0]->mutable_cpu_diff());
    return;
  }
  vector<const Dtype*> dy;
  for (const Blob<Dtype>* y : top) dy.push_back(y->cpu_diff());
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  // Small pieces, so that a piece of dx stays in cache over all the tops.
  constexpr int64_t kPiece = 4096;
  ParallelFor(bottom[0]->count(), static_cast<int64_t>(top.size()),
              [&](int64_t begin, int64_t end) {
    for (int64_t from = begin; from < end; from += kPiece) {
      const int64_t to = std::min(end, from + kPiece);
      for (int64_t i = from; i < to; ++i) dx[i] = dy[0][i] + dy[1][i];
      for (size_t k = 2; k < dy.size(); ++k) {
        for (int64_t i = from; i < to; ++i) dx[i] += dy[k][i];
      }
    }
  });
}

INSTANTIATE_CLASS(SplitLayer);
REGISTER_LAYER_CLASS(Split);

}  // namespace caffe
