// Weights from files into nets, by the names of layers. What the files look
// like is net/weights.hpp, which parameters are one is the net's.
#ifndef TERCET_NET_WEIGHT_FILLER_HPP_
#define TERCET_NET_WEIGHT_FILLER_HPP_

#include <string>
#include <vector>

#include "caffe/net.hpp"

namespace caffe {

// Into nets that are filled together: one alone, or the net that is trained and
// behind it its test nets, which share its layers and may have some of their
// own. The nets must outlive it.
template <typename Dtype>
class WeightFiller {
 public:
  explicit WeightFiller(const vector<Net<Dtype>*>& nets) : nets_(nets) {}

  // Copies what the file holds for the nets' layers; `origin` names it. All is
  // checked before anything is copied: Error kInput names both shapes, and
  // refuses a file that has no layer of any of the nets. Layers that no net has
  // are named in the log, and so are those that share a parameter for which the
  // file has several values.
  void Fill(const NetParameter& weights, const string& origin);

  // Names in the log the layers that no call of Fill had values for. Error
  // kInput where the first net has parameters and none was filled.
  void Report() const;

 private:
  void RefuseNothing() const;
  struct Match {
    Layer<Dtype>* layer;
    const LayerParameter* stored;
  };
  vector<Match> FindMatches(const NetParameter& weights,
                            const string& origin) const;

  vector<Net<Dtype>*> nets_;
  set<const SyncedMemory*> filled_;
  string origins_;
};

// One net from files, one after the other, with one report at the end.
template <typename Dtype>
void FillFromFiles(const vector<string>& files, Net<Dtype>* net);

}  // namespace caffe

#endif  // TERCET_NET_WEIGHT_FILLER_HPP_
