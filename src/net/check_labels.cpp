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
  for (const int label :
       {source.people.greatest_label, source.people.least_label}) {
    if (classes.AcceptsLabel(label)) continue;
    const int64_t count = classes.ClassCount();
    const int64_t all = source.people.greatest_label;
    ostringstream way;
    if (source.people.least_label > 0 && source.people.people <= count) {
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

template <typename Dtype>
void CheckLabelsOfPeople(const Net<Dtype>& net) {
  static const std::set<string> kPassOn = {"Split", "Reshape", "Flatten",
                                           "Slice"};
  std::map<int, Source> labels;  // by the blob
  for (int i = 0; i < static_cast<int>(net.layers().size()); ++i) {
    const Layer<Dtype>& layer = *net.layers()[i];
    const LayerParameter& param = layer.layer_param();
    const auto* people = dynamic_cast<const PeopleSource*>(&layer);
    const vector<int>& tops = net.top_ids(i);
    if (people != nullptr && tops.size() > 1) {
      const PeopleSummary summary = people->People();
      if (summary.people > 0) labels[tops[1]] = {summary, param.name()};
    }
    const vector<int>& bottoms = net.bottom_ids(i);
    if (!bottoms.empty() && labels.count(bottoms[0]) > 0 &&
        kPassOn.count(layer.type()) > 0) {
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
