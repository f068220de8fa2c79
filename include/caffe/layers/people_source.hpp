// What a data layer tells of the people that its batches are drawn from, and
// what a layer that takes labels for classes tells of these: so that the net
// can hold the one against the other before a run. A layer knows no net.
#ifndef CAFFE_LAYERS_PEOPLE_SOURCE_HPP_
#define CAFFE_LAYERS_PEOPLE_SOURCE_HPP_

#include <cstdint>
#include <string>

#include "caffe/common.hpp"

namespace caffe {

struct PeopleSummary {
  string source;  // the folder or list
  int64_t people = 0;
  int64_t images = 0;
  // Those that stand in batches, each once, the least one first; no more than
  // `people`.
  vector<int> labels;
};

class PeopleSource {
 public:
  virtual ~PeopleSource() = default;
  // After SetUp; without people where the source is none of people. Their
  // labels are the layer's top 1.
  virtual PeopleSummary People() const = 0;
};

class ClassLabels {
 public:
  virtual ~ClassLabels() = default;
  // After Reshape: how many classes there are, and whether a label of bottom 1
  // names one of them or is one to ignore.
  virtual int64_t ClassCount() const = 0;
  virtual bool AcceptsLabel(int label) const = 0;
};

}  // namespace caffe

#endif  // CAFFE_LAYERS_PEOPLE_SOURCE_HPP_
