// InnerProduct on the CPU: three matrix products and the bias.
#include "caffe/layers/inner_product_layer.hpp"

#include <memory>

#include "caffe/filler.hpp"
#include "core/parallel.hpp"
#include "layers/parameters.hpp"

namespace caffe {

template <typename Dtype>
void InnerProductLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  const InnerProductParameter& p = this->layer_param_.inner_product_param();
  outputs_ = NumOutput("inner_product_param", p);
  bias_term_ = p.bias_term();
  transpose_ = p.transpose();
  depth_ = bottom[0]->count(bottom[0]->CanonicalAxisIndex(p.axis()));
  INPUT_CHECK(depth_ > 0) << "the bottom has shape "
                          << bottom[0]->shape_string()
                          << "; wanted at least one value a row";
  MakeWeights(transpose_ ? vector<int>{depth_, outputs_}
                         : vector<int>{outputs_, depth_},
              p.weight_filler(), bias_term_ ? outputs_ : 0, p.bias_filler(),
              &this->blobs_);
  this->param_propagate_down_.resize(this->blobs_.size(), true);
}

template <typename Dtype>
void InnerProductLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  const int axis = bottom[0]->CanonicalAxisIndex(
      this->layer_param_.inner_product_param().axis());
  INPUT_CHECK(bottom[0]->count(axis) == depth_)
      << "the bottom has " << bottom[0]->count(axis)
      << " values a row; the weights are for " << depth_;
  rows_ = bottom[0]->count(0, axis);
  vector<int> shape = bottom[0]->shape();
  shape.resize(axis + 1);
  shape[axis] = outputs_;
  top[0]->Reshape(shape);
  bias_sums_.Reshape({outputs_});
}

template <typename Dtype>
void InnerProductLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                           const vector<Blob<Dtype>*>& top) {
  Dtype* y = top[0]->mutable_cpu_data();
  caffe_cpu_gemm<Dtype>(CblasNoTrans, transpose_ ? CblasNoTrans : CblasTrans,
                        rows_, outputs_, depth_, Dtype(1),
                        bottom[0]->cpu_data(), this->blobs_[0]->cpu_data(),
                        Dtype(0), y);
  if (!bias_term_) { return; }
  const Dtype* bias = this->blobs_[1]->cpu_data();
  ParallelFor(rows_, outputs_, [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) {
      Dtype* const row = y + m * outputs_;
      for (int o = 0; o < outputs_; ++o) { row[o] += bias[o]; }
    }
  });
}

template <typename Dtype>
void InnerProductLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->cpu_diff();
  const Dtype* x = bottom[0]->cpu_data();
  if (this->param_propagate_down_[0]) {
    Dtype* dw = this->blobs_[0]->mutable_cpu_diff();
    if (transpose_) {
      caffe_cpu_gemm<Dtype>(CblasTrans, CblasNoTrans, depth_, outputs_, rows_,
                            Dtype(1), x, dy, Dtype(1), dw);
    } else {
      caffe_cpu_gemm<Dtype>(CblasTrans, CblasNoTrans, outputs_, depth_, rows_,
                            Dtype(1), dy, x, Dtype(1), dw);
    }
  }
  if (bias_term_ && this->param_propagate_down_[1]) {
    Dtype* db = this->blobs_[1]->mutable_cpu_diff();
    ParallelFor(outputs_, rows_, [&](int64_t begin, int64_t end) {
      for (int m = 0; m < rows_; ++m) {
        const Dtype* const row = dy + static_cast<int64_t>(m) * outputs_;
        for (int64_t o = begin; o < end; ++o) { db[o] += row[o]; }
      }
    });
  }
  if (propagate_down[0]) {
    caffe_cpu_gemm<Dtype>(CblasNoTrans, transpose_ ? CblasTrans : CblasNoTrans,
                          rows_, depth_, outputs_, Dtype(1), dy,
                          this->blobs_[0]->cpu_data(), Dtype(0),
                          bottom[0]->mutable_cpu_diff());
  }
}

INSTANTIATE_CLASS(InnerProductLayer);
REGISTER_LAYER_CLASS(InnerProduct);

}  // namespace caffe
