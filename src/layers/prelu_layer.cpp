// PReLULayer on the CPU. The slopes' gradient is summed row by row, then over
// the rows in order, whatever the number of threads.
#include "caffe/layers/prelu_layer.hpp"

#include <memory>

#include "caffe/filler.hpp"
#include "core/independent_loop.hpp"
#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void PReLULayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 2)
      << "its bottom must have two axes or more, the second one being the "
         "channels; it is of shape " << bottom[0]->shape_string();
  const PReLUParameter& param = this->layer_param_.prelu_param();
  shared_ = param.channel_shared();
  const vector<int> shape =
      shared_ ? vector<int>() : vector<int>{bottom[0]->shape(1)};
  if (this->blobs_.empty()) {
    this->blobs_.push_back(std::make_shared<Blob<Dtype>>(shape));
    FillerParameter filler = param.filler();
    if (!param.has_filler()) {
      filler.set_type("constant");
      filler.set_value(0.25f);
    }
    std::unique_ptr<Filler<Dtype>>(GetFiller<Dtype>(filler))
        ->Fill(this->blobs_[0].get());
  }
  const Blob<Dtype> wanted(shape);
  INPUT_CHECK(this->blobs_[0]->count() == wanted.count())
      << "its slopes are of shape " << this->blobs_[0]->shape_string()
      << "; wanted " << wanted.shape_string();
  this->param_propagate_down_.assign(1, true);
}

template <typename Dtype>
void PReLULayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() >= 2)
      << "its bottom must have two axes or more, the second one being the "
         "channels; it is of shape " << bottom[0]->shape_string();
  channels_ = bottom[0]->shape(1);
  INPUT_CHECK(shared_ || channels_ == this->blobs_[0]->count())
      << "it has " << this->blobs_[0]->count() << " slopes, and its bottom "
      << channels_ << " channels (" << bottom[0]->shape_string() << ")";
  NeuronLayer<Dtype>::Reshape(bottom, top);
  rows_ = bottom[0]->count(0, 2);
  columns_ = bottom[0]->count(2);
  row_sums_.Reshape(vector<int>{bottom[0]->shape(0), channels_});
  in_place_ = bottom[0] == top[0];
  if (in_place_) input_.ReshapeLike(*bottom[0]);
}

namespace {

// One row. In place is safe for `ivdep`: each value depends on its own index
// alone.
template <typename Dtype>
void RowForward(int64_t columns, const Dtype* x, Dtype slope, Dtype* y) {
    TERCET_INDEPENDENT_LOOP
  for (int64_t i = 0; i < columns; ++i) y[i] = PReluValue(x[i], slope);
}

template <typename Dtype>
void RowBackward(int64_t columns, const Dtype* x, const Dtype* dy,
                 Dtype slope, Dtype* dx) {
    TERCET_INDEPENDENT_LOOP
  for (int64_t i = 0; i < columns; ++i) {
    dx[i] = PReluGradient(x[i], dy[i], slope);
  }
}

}  // namespace

template <typename Dtype>
void PReLULayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  if (in_place_) {
    caffe_copy(bottom[0]->count(), x, input_.mutable_cpu_data());
  }
  Dtype* y = top[0]->mutable_cpu_data();
  const Dtype* slopes = this->blobs_[0]->cpu_data();
  ParallelFor(rows_, columns_, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Dtype slope = slopes[shared_ ? 0 : row % channels_];
      const int64_t first = row * columns_;
      RowForward<Dtype>(columns_, x + first, slope, y + first);
    }
  });
}

template <typename Dtype>
void PReLULayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  const Dtype* x = Input(bottom).cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  // First, for in place dx overwrites dy.
  if (this->param_propagate_down_[0]) SlopeBackward_cpu(x, dy);
  if (!propagate_down[0]) return;
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const Dtype* slopes = this->blobs_[0]->cpu_data();
  ParallelFor(rows_, columns_, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Dtype slope = slopes[shared_ ? 0 : row % channels_];
      const int64_t first = row * columns_;
      RowBackward<Dtype>(columns_, x + first, dy + first, slope, dx + first);
    }
  });
}

template <typename Dtype>
void PReLULayer<Dtype>::SlopeBackward_cpu(const Dtype* x, const Dtype* dy) {
  Dtype* sums = row_sums_.mutable_cpu_data();
  ParallelFor(rows_, columns_, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      sums[row] = static_cast<Dtype>(
          LaneSum(row * columns_, (row + 1) * columns_, [=](int64_t i) {
            return PReluSlopeGradient(x[i], dy[i]);
          }));
    }
  });
  Dtype* da = this->blobs_[0]->mutable_cpu_diff();
  if (shared_) {
    double total = 0;
    for (int row = 0; row < rows_; ++row) total += sums[row];
    da[0] += static_cast<Dtype>(total);
    return;
  }
  for (int c = 0; c < channels_; ++c) {
    double total = 0;
    for (int row = c; row < rows_; row += channels_) total += sums[row];
    da[c] += static_cast<Dtype>(total);
  }
}

template <typename Dtype>
void PReLULayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top,
                                  vector<int>* sides) const {
  const Dtype* x = Input(bottom).cpu_data();
  for (int i = 0; i < bottom[0]->count(); ++i) sides->push_back(x[i] > 0);
}

INSTANTIATE_CLASS(PReLULayer);
REGISTER_LAYER_CLASS(PReLU);

}  // namespace caffe
