// Eltwise on the CPU; the manual is in the header. Each operation goes from
// bottom to bottom, in blocks that stay in the cache.
#include "caffe/layers/eltwise_layer.hpp"

#include <algorithm>

#include "core/independent_loop.hpp"
#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void EltwiseLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  const EltwiseParameter& param = this->layer_param_.eltwise_param();
  operation_ = param.operation();
  stable_prod_grad_ = param.stable_prod_grad();
  const int given = param.coeff_size();
  INPUT_CHECK(given == 0 || operation_ == EltwiseParameter::SUM)
      << "coeff is for operation SUM alone; the operation is "
      << EltwiseParameter::EltwiseOp_Name(operation_);
  INPUT_CHECK(given == 0 || given == static_cast<int>(bottom.size()))
      << "has " << given << " coeff(s) for " << bottom.size() << " bottoms";
  coeffs_.assign(bottom.size(), Dtype(1));
  for (int k = 0; k < given; ++k) {
    coeffs_[k] = static_cast<Dtype>(param.coeff(k));
  }
}

template <typename Dtype>
void EltwiseLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  for (size_t k = 1; k < bottom.size(); ++k) {
    INPUT_CHECK(bottom[k]->shape() == bottom[0]->shape())
        << "its bottoms must have the same shape; bottom 0 is "
        << bottom[0]->shape_string() << ", bottom " << k << " is "
        << bottom[k]->shape_string();
  }
  top[0]->ReshapeLike(*bottom[0]);
  if (operation_ == EltwiseParameter::MAX) {
    chosen_.Reshape(bottom[0]->shape());
  }
}

namespace {

// Calls body(begin, end) on blocks of a few thousand indices.
template <typename Body>
void ForEachBlock(int64_t count, int64_t work, const Body& body) {
  constexpr int64_t kBlock = 2048;
  ParallelFor(count, work, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kBlock) {
      body(i, std::min(end, i + kBlock));
    }
  });
}

// y = a x + b z
template <typename Dtype>
void AddScaled(int64_t begin, int64_t end, Dtype a, const Dtype* x, Dtype b,
               const Dtype* z, Dtype* y) {
  TERCET_INDEPENDENT_LOOP
  for (int64_t i = begin; i < end; ++i) y[i] = a * x[i] + b * z[i];
}

// y = x z
template <typename Dtype>
void Multiply(int64_t begin, int64_t end, const Dtype* x, const Dtype* z,
              Dtype* y) {
  TERCET_INDEPENDENT_LOOP
  for (int64_t i = begin; i < end; ++i) y[i] = x[i] * z[i];
}

// One step of MAX, from the maximum so far to y.
template <typename Dtype>
void Maximum(int64_t begin, int64_t end, const Dtype* so_far, const Dtype* x,
             int index, Dtype* y, int* chosen) {
  TERCET_INDEPENDENT_LOOP
  for (int64_t i = begin; i < end; ++i) {
    const bool replaces = ReplacesMaximum(x[i], so_far[i], index);
    chosen[i] = replaces ? index : (index == 1 ? 0 : chosen[i]);
    y[i] = replaces ? x[i] : so_far[i];
  }
}

template <typename Dtype>
vector<const Dtype*> DataOf(const vector<Blob<Dtype>*>& blobs) {
  vector<const Dtype*> data;
  for (const Blob<Dtype>* blob : blobs) data.push_back(blob->cpu_data());
  return data;
}

}  // namespace

template <typename Dtype>
void EltwiseLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const vector<const Dtype*> x = DataOf(bottom);
  const int bottoms = static_cast<int>(bottom.size());
  Dtype* y = top[0]->mutable_cpu_data();
  int* chosen = operation_ == EltwiseParameter::MAX
                    ? chosen_.mutable_cpu_data()
                    : nullptr;
  ForEachBlock(top[0]->count(), bottoms, [&](int64_t begin, int64_t end) {
    for (int k = 1; k < bottoms; ++k) {
      const Dtype* so_far = k == 1 ? x[0] : y;
      switch (operation_) {
        case EltwiseParameter::SUM:
          AddScaled(begin, end, k == 1 ? coeffs_[0] : Dtype(1), so_far,
                    coeffs_[k], x[k], y);
          break;
        case EltwiseParameter::PROD:
          Multiply(begin, end, so_far, x[k], y);
          break;
        case EltwiseParameter::MAX:
          Maximum(begin, end, so_far, x[k], k, y, chosen);
          break;
      }
    }
  });
}

namespace {

// dx = dy times the product of all bottoms but k.
template <typename Dtype>
void ProductOfOthers(int64_t begin, int64_t end, int k,
                     const vector<const Dtype*>& x, const Dtype* dy,
                     Dtype* dx) {
  const Dtype* so_far = dy;
  for (int other = 0; other < static_cast<int>(x.size()); ++other) {
    if (other == k) continue;
    Multiply(begin, end, so_far, x[other], dx);
    so_far = dx;
  }
}

}  // namespace

template <typename Dtype>
void EltwiseLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  const int count = top[0]->count();
  const Dtype* dy = top[0]->cpu_diff();
  const Dtype* y = top[0]->cpu_data();
  const vector<const Dtype*> x = DataOf(bottom);
  for (int k = 0; k < static_cast<int>(bottom.size()); ++k) {
    if (!propagate_down[k]) continue;
    Dtype* dx = bottom[k]->mutable_cpu_diff();
    if (operation_ == EltwiseParameter::SUM) {
      if (coeffs_[k] == Dtype(1)) {
        caffe_copy(count, dy, dx);
      } else {
        caffe_cpu_scale(count, coeffs_[k], dy, dx);
      }
    } else if (operation_ == EltwiseParameter::MAX) {
      const int* chosen = chosen_.cpu_data();
      ForEachBlock(count, 1, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          dx[i] = chosen[i] == k ? dy[i] : Dtype(0);
        }
      });
    } else if (stable_prod_grad_) {
      ForEachBlock(count, bottom.size(), [&](int64_t begin, int64_t end) {
        ProductOfOthers(begin, end, k, x, dy, dx);
      });
    } else {
      ForEachBlock(count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) dx[i] = y[i] / x[k][i] * dy[i];
      });
    }
  }
}

template <typename Dtype>
void EltwiseLayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top,
                                    vector<int>* sides) const {
  if (operation_ != EltwiseParameter::MAX) return;
  const int* chosen = chosen_.cpu_data();
  sides->insert(sides->end(), chosen, chosen + chosen_.count());
}

INSTANTIATE_CLASS(EltwiseLayer);
REGISTER_LAYER_CLASS(Eltwise);

}  // namespace caffe
