// Class labels in a blob of numbers: the rule that each must meet, and the
// message where one does not. A label counts without its fraction, as in
// Caffe: 3.7 is class 3. A label belongs to a position: the scores of
// outer x classes x inner have outer x inner positions, and label
// row * inner + j is that of row `row` at position j.
#ifndef TERCET_LAYERS_LABELS_HPP_
#define TERCET_LAYERS_LABELS_HPP_

#include <cmath>
#include <cstdint>
#include <iomanip>

#include "caffe/blob.hpp"
#include "caffe/channel_shape.hpp"
#include "caffe/check.hpp"

namespace caffe {

constexpr int kNoClass = -1;

// Which labels there are: 0 ... classes - 1, and one that may be ignored.
struct LabelRule {
  int64_t classes = 0;
  bool has_ignored = false;
  int ignored = 0;

  template <typename Dtype>
  TERCET_HD bool Ignores(Dtype label) const {
    return has_ignored && std::trunc(label) == static_cast<Dtype>(ignored);
  }
  // NaN is no label.
  template <typename Dtype>
  TERCET_HD bool Accepts(Dtype label) const {
    return Ignores(label) ||
           (label > -1 && label < static_cast<Dtype>(classes));
  }
  // The class of a label that is accepted; kNoClass where it is ignored.
  template <typename Dtype>
  TERCET_HD int ClassOf(Dtype label) const {
    return Ignores(label) ? kNoClass : static_cast<int>(label);
  }
};

// Error kInput: names the label at `index`, its row and what is wrong.
template <typename Dtype>
[[noreturn]] void FailLabel(const LabelRule& rule, Dtype label, int64_t index,
                            int64_t inner) {
  ostringstream place;
  place << "row " << index / inner;
  if (inner > 1) place << ", position " << index % inner;
  INPUT_FAIL() << "the label of " << place.str() << " is "
               << std::setprecision(8) << label
               << (std::isnan(label) ? ", no number" : "") << "; there are "
               << rule.classes << " classes (0 to " << rule.classes - 1 << ")";
}

// Error kInput at the first label that the rule does not accept.
template <typename Dtype>
void CheckLabels(const LabelRule& rule, const Dtype* labels, int64_t positions,
                 int64_t inner) {
  for (int64_t i = 0; i < positions; ++i) {
    if (!rule.Accepts(labels[i])) FailLabel(rule, labels[i], i, inner);
  }
}

// class_of[i] = the class of label i, kNoClass where it is ignored.
template <typename Dtype>
void Classes(const LabelRule& rule, const Dtype* labels, int64_t count,
             int* class_of) {
  for (int64_t i = 0; i < count; ++i) class_of[i] = rule.ClassOf(labels[i]);
}

// Error kInput where bottom 1 is not one label for each of the rows of bottom
// 0, which `what` names.
template <typename Dtype>
void CheckLabelCount(const Blob<Dtype>& labels, int64_t rows,
                     const Blob<Dtype>& bottom, const char* what) {
  INPUT_CHECK(labels.count() == rows)
      << "bottom 1 (labels) has shape " << labels.shape_string()
      << ", but must have one value for each of the " << rows
      << " rows of bottom 0 (" << what << "), shape "
      << bottom.shape_string();
}

// Error kInput where bottom 1, the labels, is to get a gradient.
inline void RefuseLabelGradient(const vector<bool>& propagate_down) {
  INPUT_CHECK(propagate_down.size() < 2 || !propagate_down[1])
      << "the labels (bottom 1) take no gradient, and one was asked for";
}

// The scores' shape around the class axis; Error kInput where the number of
// labels is not that of the positions.
template <typename Dtype>
ChannelShape ScoreShape(const Blob<Dtype>& scores, const Blob<Dtype>& labels,
                        int axis) {
  const int at = scores.CanonicalAxisIndex(axis);
  ChannelShape shape;
  shape.outer = scores.count(0, at);
  shape.channels = scores.shape(at);
  shape.inner = scores.count(at + 1);
  INPUT_CHECK(labels.count() == shape.per_channel())
      << "scores of shape " << scores.shape_string() << " with axis " << at
      << " as the classes take " << shape.per_channel()
      << " labels, and the labels' shape is " << labels.shape_string();
  return shape;
}

}  // namespace caffe

#endif  // TERCET_LAYERS_LABELS_HPP_
