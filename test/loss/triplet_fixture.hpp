// What the tests of TripletLoss share: bottoms from literal or random rows,
// one pass of a layer with poisoned tops and diffs, and distances written out
// once more, in double and as plainly as possible.
#ifndef TERCET_TEST_LOSS_TRIPLET_FIXTURE_HPP_
#define TERCET_TEST_LOSS_TRIPLET_FIXTURE_HPP_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <google/protobuf/text_format.h>

#include "caffe/layers/triplet_loss_layer.hpp"
#include "caffe/test/fixture.hpp"

namespace caffe {

const char* const kDistances[] = {"SQUARED_L2", "L2", "COSINE", "L1"};

inline metric::Distance DistanceOf(const string& name) {
  TripletLossParameter::Distance distance;
  CHECK(TripletLossParameter::Distance_Parse(name, &distance));
  return static_cast<metric::Distance>(distance);
}

inline double ReferenceDistance(const string& kind, const vector<double>& x,
                                const vector<double>& y) {
  double squares = 0, absolutes = 0, xy = 0, xx = 0, yy = 0;
  for (size_t k = 0; k < x.size(); ++k) {
    squares += (x[k] - y[k]) * (x[k] - y[k]);
    absolutes += std::fabs(x[k] - y[k]);
    xy += x[k] * y[k];
    xx += x[k] * x[k];
    yy += y[k] * y[k];
  }
  if (kind == "L2") return std::sqrt(squares);
  if (kind == "L1") return absolutes;
  if (kind == "COSINE") {
    return xx == 0 || yy == 0 ? 1 : 1 - xy / std::sqrt(xx * yy);
  }
  return squares;
}

template <typename TypeParam>
class TripletTest : public MultiDeviceTest<TypeParam> {
 public:
  typedef typename TypeParam::Dtype Dtype;
  typedef vector<vector<double>> Rows;

 protected:
  struct Result {
    double loss;
    vector<double> diff[3];
  };
  struct Triplet {
    vector<double> a, p, n;
  };

  double Tolerance() const { return this->IsDouble() ? 1e-12 : 2e-4; }

  vector<Blob<Dtype>*> Bottoms() {
    vector<Blob<Dtype>*> bottoms = {&bottom_[0], &bottom_[1], &bottom_[2]};
    if (has_weights_) bottoms.push_back(&bottom_[3]);
    return bottoms;
  }
  vector<Blob<Dtype>*> Tops() { return {&top_}; }

  void SetBottom(int index, const Rows& rows) {
    bottom_[index].Reshape({static_cast<int>(rows.size()),
                            static_cast<int>(rows[0].size())});
    Dtype* data = bottom_[index].mutable_cpu_data();
    for (const auto& row : rows) {
      data = std::copy(row.begin(), row.end(), data);
    }
  }
  void Set(const Rows& a, const Rows& p, const Rows& n) {
    SetBottom(0, a);
    SetBottom(1, p);
    SetBottom(2, n);
  }
  void SetWeights(const vector<double>& weights) {
    has_weights_ = true;
    bottom_[3].Reshape({static_cast<int>(weights.size())});
    std::copy(weights.begin(), weights.end(), bottom_[3].mutable_cpu_data());
  }
  // Random rows; coordinates are about `size` in magnitude.
  void Fill(int N, int D, int seed, double size = 1) {
    Rng rng(seed);
    for (int b = 0; b < 3; ++b) {
      bottom_[b].Reshape({N, D});
      for (int k = 0; k < N * D; ++k) {
        bottom_[b].mutable_cpu_data()[k] =
            static_cast<Dtype>(size * rng.Gaussian());
      }
    }
  }
  // Unit anchors, positives at about `distance` from them, negatives equal to
  // their anchors.
  void FillNearDuplicates(int N, int D, double distance) {
    Rng rng(D);
    Rows a(N, vector<double>(D)), p = a;
    for (int i = 0; i < N; ++i) {
      double norm = 0;
      for (double& value : a[i]) {
        value = rng.Gaussian();
        norm += value * value;
      }
      for (double& value : a[i]) value /= std::sqrt(norm);
      for (int k = 0; k < D; ++k) {
        p[i][k] = a[i][k] + distance * rng.Gaussian() / std::sqrt(1. * D);
      }
    }
    Set(a, p, a);
  }
  void Repeat(int times) {
    for (int b = 0; b < 3; ++b) {
      const vector<Dtype> once(
          bottom_[b].cpu_data(), bottom_[b].cpu_data() + bottom_[b].count());
      bottom_[b].Reshape({times * bottom_[b].shape(0), bottom_[b].shape(1)});
      Dtype* data = bottom_[b].mutable_cpu_data();
      for (int t = 0; t < times; ++t) {
        data = std::copy(once.begin(), once.end(), data);
      }
    }
  }
  void Move(int bottom, int row, double by) {
    const int D = bottom_[bottom].shape(1);
    bottom_[bottom].mutable_cpu_data()[row * D + bottom % D] += by;
  }
  Triplet Row(int i) const {
    const int D = bottom_[0].shape(1);
    Triplet row;
    vector<double>* out[3] = {&row.a, &row.p, &row.n};
    for (int b = 0; b < 3; ++b) {
      const Dtype* data = bottom_[b].cpu_data() + i * D;
      out[b]->assign(data, data + D);
    }
    return row;
  }
  // sum_i max(0, d(a,p) - d(a,n) + margin)
  double ReferenceSum(const string& distance, double margin) const {
    double sum = 0;
    for (int i = 0; i < bottom_[0].shape(0); ++i) {
      const Triplet row = Row(i);
      sum += std::max(0., ReferenceDistance(distance, row.a, row.p) -
                              ReferenceDistance(distance, row.a, row.n) +
                              margin);
    }
    return sum;
  }

  static LayerParameter Param(const string& options,
                              const string& normalization = "",
                              float loss_weight = 1) {
    LayerParameter param;
    const string text =
        "name: 'loss' type: 'TripletLoss' triplet_loss_param { " + options +
        " }" +
        (normalization.empty()
             ? ""
             : " loss_param { normalization: " + normalization + " }");
    CHECK(google::protobuf::TextFormat::ParseFromString(text, &param));
    param.add_loss_weight(loss_weight);
    return param;
  }
  vector<double> Diff(int bottom) const {
    const Dtype* diff = bottom_[bottom].cpu_diff();
    return vector<double>(diff, diff + bottom_[bottom].count());
  }
  static void Poison(Dtype* values, int count) {
    std::fill(values, values + count,
              std::numeric_limits<Dtype>::quiet_NaN());
  }
  // Forward and Backward; the top and the diffs are NaN before.
  Result Pass(Layer<Dtype>* layer, vector<bool> propagate) {
    propagate.resize(Bottoms().size(), false);
    Poison(top_.mutable_cpu_data(), 1);
    layer->Forward(Bottoms(), Tops());
    for (int b = 0; b < 3; ++b) {
      Poison(bottom_[b].mutable_cpu_diff(), bottom_[b].count());
    }
    layer->Backward(Tops(), propagate, Bottoms());
    Result result;
    result.loss = top_.cpu_data()[0];
    for (int b = 0; b < 3; ++b) result.diff[b] = Diff(b);
    return result;
  }
  Result Run(const string& options, const string& normalization = "",
             float loss_weight = 1,
             const vector<bool>& propagate = {true, true, true}) {
    TripletLossLayer<Dtype> layer(Param(options, normalization, loss_weight));
    layer.SetUp(Bottoms(), Tops());
    return Pass(&layer, propagate);
  }
  void ExpectRow(const vector<double>& values, int row,
                 const vector<double>& want) const {
    for (size_t k = 0; k < want.size(); ++k) {
      EXPECT_NEAR(values[row * want.size() + k], want[k], Tolerance())
          << "row " << row << " coordinate " << k;
    }
  }

  Blob<Dtype> bottom_[4];
  Blob<Dtype> top_;
  bool has_weights_ = false;
};

}  // namespace caffe

#endif  // TERCET_TEST_LOSS_TRIPLET_FIXTURE_HPP_
