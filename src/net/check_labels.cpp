// Labels against classes; see the header.
#include "net/check_labels.hpp"

#include <map>
#include <set>

#include "caffe/layers/people_source.hpp"

namespace caffe {
namespace {

// A data layer's people, and the layer's name.
struct Source {
  PeopleSummary people;
  string layer;
};

void Check(const ClassLabels& classes, const LayerParameter& layer,
           const Source& source) {
  const vector<int>& labels = source.people.labels;
  // From the end: the greatest one says how many outputs there must be.
  for (auto at = labels.rbegin(); at != labels.rend(); ++at) {
    const int label = *at;
    if (classes.AcceptsLabel(label)) continue;
    const int64_t count = classes.ClassCount();
    const int64_t all = label;
    ostringstream way;
    if (label < 0 || (labels[0] > 0 && source.people.people <= count)) {
      way << "number the people from 0";
    } else {
      way << "give " << all + 1 << " outputs (num_output)";
    }
    INPUT_FAIL() << LayerPlace(layer) << ": " << source.people.source
                 << " (layer '" << source.layer << "') holds label " << label
                 << ", and there are " << count << " classes (0 to "
                 << count - 1 << "): labels begin at 0; " << way.str();
  }
}

}  // namespace

bool PassesOn(const string& type) {
  static const std::set<string> kTypes = {"Split", "Reshape", "Flatten",
                                          "Slice"};
  return kTypes.count(type) > 0;
}

template <typename Dtype>
void CheckLabelsOfPeople(const Net<Dtype>& net) {
  std::map<int, Source> labels;  // by the blob
  for (int i = 0; i < static_cast<int>(net.layers().size()); ++i) {
    const Layer<Dtype>& layer = *net.layers()[i];
    const LayerParameter& param = layer.layer_param();
    const auto* people = dynamic_cast<const PeopleSource*>(&layer);
    const vector<int>& tops = net.top_ids(i);
    if (people != nullptr && tops.size() > 1) {
      const PeopleSummary summary = people->People();
      if (!summary.labels.empty()) labels[tops[1]] = {summary, param.name()};
    }
    const vector<int>& bottoms = net.bottom_ids(i);
    if (!bottoms.empty() && labels.count(bottoms[0]) > 0 &&
        PassesOn(layer.type())) {
      for (const int top : tops) labels[top] = labels[bottoms[0]];
    }
    const auto* classes = dynamic_cast<const ClassLabels*>(&layer);
    if (classes == nullptr || bottoms.size() < 2) continue;
    const auto found = labels.find(bottoms[1]);
    if (found != labels.end()) Check(*classes, param, found->second);
  }
}

template void CheckLabelsOfPeople(const Net<float>&);
template void CheckLabelsOfPeople(const Net<double>&);

}  // namespace caffe
