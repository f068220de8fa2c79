// MarginInnerProduct: reads and checks the options, checks shapes and labels,
// and hands the rows to loss/margin_product.hpp.
#include "caffe/layers/margin_inner_product_layer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "layers/labels.hpp"
#include "layers/parameters.hpp"
#include "math/constants.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {

namespace {

using metric::Margin;

constexpr double kDefaultScale = 64;  // of features that have no length

double DefaultMargin(Margin type) {
  if (type == Margin::kCosine) return 0.35;
  return type == Margin::kAngular ? 0.5 : 0;
}

void CheckOption(const char* name, double value, bool good,
                 const char* wanted) {
  INPUT_CHECK(std::isfinite(value) && good)
      << "margin_inner_product_param: " << name << " is " << value
      << ", but must be " << wanted;
}

}  // namespace

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::CheckOptions() const {
  const auto& p = this->layer_param_.margin_inner_product_param();
  const auto not_negative = [](const char* name, double value) {
    CheckOption(name, value, value >= 0, "finite and not negative");
  };
  CheckOption("scale", options_.scale, options_.scale > 0,
              "finite and above 0");
  not_negative("base", p.base());
  not_negative("gamma", p.gamma());
  not_negative("lambda_min", p.lambda_min());
  not_negative("iteration", p.iteration());
  CheckOption("power", p.power(), true, "finite");
  if (options_.type == Margin::kAngular) {
    CheckOption("margin", options_.margin,
                options_.margin >= 0 && options_.margin < kPi,
                "an angle from 0 to below pi for ANGULAR");
  } else if (options_.type == Margin::kCosine) {
    not_negative("margin", options_.margin);
  } else {
    INPUT_CHECK(!p.has_margin())
        << "margin_inner_product_param: margin belongs to the types COSINE and "
           "ANGULAR; the margin of "
        << MarginInnerProductParameter::MarginType_Name(p.type())
        << " is in its name";
  }
}

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::ReadOptions() {
  const auto& p = this->layer_param_.margin_inner_product_param();
  options_.type = static_cast<Margin>(p.type());
  const bool additive =
      options_.type == Margin::kCosine || options_.type == Margin::kAngular;
  options_.normalize = p.has_normalize() ? p.normalize() : additive;
  const double scale = options_.normalize ? kDefaultScale : 1;
  options_.scale = p.has_scale() ? p.scale() : scale;
  options_.margin = p.has_margin() ? p.margin() : DefaultMargin(options_.type);
  has_lambda_ = !additive || p.has_base() || p.has_lambda_min();
  CheckOptions();
}

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const auto& p = this->layer_param_.margin_inner_product_param();
  INPUT_CHECK(bottom.size() == 2 || this->phase_ == TEST)
      << "its labels (bottom 1) may be left out in a TEST net alone";
  classes_ = NumOutput("margin_inner_product_param", p);
  ReadOptions();
  depth_ = bottom[0]->count(bottom[0]->CanonicalAxisIndex(p.axis()));
  INPUT_CHECK(depth_ > 0) << "bottom 0 (features) has shape "
                          << bottom[0]->shape_string()
                          << "; wanted at least one value a row";
  FillerParameter filler = p.weight_filler();
  if (!p.has_weight_filler()) filler.set_type("xavier");
  MakeOnlyParameter({classes_, depth_}, filler, "weights have", &this->blobs_);
  this->param_propagate_down_.resize(1, true);
}

template <typename Dtype>
LabelRule MarginInnerProductLayer<Dtype>::Rule() const {
  return {classes_, false, 0};
}

template <typename Dtype>
int64_t MarginInnerProductLayer<Dtype>::ClassCount() const {
  return Rule().classes;
}

template <typename Dtype>
bool MarginInnerProductLayer<Dtype>::AcceptsLabel(int label) const {
  return Rule().Accepts(static_cast<double>(label));
}

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::Reshape(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const int axis = bottom[0]->CanonicalAxisIndex(
      this->layer_param_.margin_inner_product_param().axis());
  INPUT_CHECK(bottom[0]->count(axis) == depth_)
      << "bottom 0 (features) has " << bottom[0]->count(axis)
      << " values a row; the weights are for " << depth_;
  rows_ = bottom[0]->count(0, axis);
  if (bottom.size() > 1) {
    CheckLabelCount(*bottom[1], rows_, *bottom[0], "features");
  }
  vector<int> shape = bottom[0]->shape();
  shape.resize(axis + 1);
  shape[axis] = classes_;
  top[0]->Reshape(shape);
  if (top.size() > 1) top[1]->Reshape({1});
  class_of_.Reshape({rows_});
  kept_rows_.Reshape({rows_, metric::kMarginRowSize});
  inverse_lengths_.Reshape({classes_});
  factors_.Reshape({rows_, classes_});
  sums_.Reshape({classes_});
  bad_label_.Reshape({1});
}

template <typename Dtype>
double MarginInnerProductLayer<Dtype>::Lambda() const {
  if (!has_lambda_) return 0;
  const auto& p = this->layer_param_.margin_inner_product_param();
  const double t = 1. + this->iteration() + p.iteration();
  return std::max<double>(p.lambda_min(),
                          p.base() * std::pow(1 + p.gamma() * t, -p.power()));
}

namespace {

// Refuses the row of x (N x D) whose 1/|x| is NaN; `step` lie between two.
template <typename Dtype>
void CheckInverses(const Dtype* inverse, int step, const Dtype* x, int64_t N,
                   int64_t D, const char* what) {
  for (int64_t i = 0; i < N; ++i) {
    if (std::isnan(inverse[i * step])) metric::FailRows(x, 0, N, D, what);
  }
}

}  // namespace

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::Forward_cpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  options_.lambda = Lambda();
  if (top.size() > 1) {
    top[1]->mutable_cpu_data()[0] = static_cast<Dtype>(options_.lambda);
  }
  int* class_of = nullptr;
  if (bottom.size() > 1) {
    const Dtype* labels = bottom[1]->cpu_data();
    CheckLabels(Rule(), labels, rows_, 1);
    class_of = class_of_.mutable_cpu_data();
    Classes(Rule(), labels, rows_, class_of);
  }
  metric::MarginForward<Dtype>(
      {options_, bottom[0]->cpu_data(), this->blobs_[0]->cpu_data(), class_of,
       rows_, depth_, classes_, kept_rows_.mutable_cpu_data(),
       inverse_lengths_.mutable_cpu_data(), nullptr, nullptr},
      top[0]->mutable_cpu_data());
  CheckInverses(kept_rows_.cpu_data() + metric::kInverseLength,
                metric::kMarginRowSize, bottom[0]->cpu_data(), rows_, depth_,
                "bottom 0 (features)");
  CheckInverses(inverse_lengths_.cpu_data(), 1, this->blobs_[0]->cpu_data(),
                classes_, depth_, "the weights");
}

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::Backward_cpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  RefuseLabelGradient(propagate_down);
  metric::MarginBackward<Dtype>(
      {options_, bottom[0]->cpu_data(), this->blobs_[0]->cpu_data(),
       bottom.size() > 1 ? class_of_.cpu_data() : nullptr, rows_, depth_,
       classes_, kept_rows_.mutable_cpu_data(),
       inverse_lengths_.mutable_cpu_data(), factors_.mutable_cpu_data(),
       sums_.mutable_cpu_data()},
      top[0]->cpu_data(), top[0]->cpu_diff(),
      propagate_down[0] ? bottom[0]->mutable_cpu_diff() : nullptr,
      this->param_propagate_down_[0] ? this->blobs_[0]->mutable_cpu_diff()
                                     : nullptr);
}

template <typename Dtype>
void MarginInnerProductLayer<Dtype>::KinkSides(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top,
    vector<int>* sides) const {
  const Dtype* row = kept_rows_.cpu_data();
  for (int i = 0; i < rows_; ++i, row += metric::kMarginRowSize) {
    sides->push_back(metric::MarginOf(options_, row[metric::kOwnCosine],
                                      row[metric::kOwnSine])
                         .piece);
  }
}

INSTANTIATE_CLASS(MarginInnerProductLayer);
REGISTER_LAYER_CLASS(MarginInnerProduct);

}  // namespace caffe
