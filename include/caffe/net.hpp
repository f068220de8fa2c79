// Net: layers wired by the names of their blobs, run forward and backward.
//
// Built from a NetParameter: the layers that the phase, level and stages keep,
// in the order of the file, with a Split inserted wherever a blob is read more
// than once. Parameters of one name are one parameter. Everything that is
// wrong with the file is Error kInput: "net.prototxt:7: layer 'fc'
// (InnerProduct): ...".
//
// Not safe to use from two threads at once.
#ifndef CAFFE_NET_HPP_
#define CAFFE_NET_HPP_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/common.hpp"
#include "caffe/layer.hpp"
#include "caffe/proto/caffe.pb.h"

namespace caffe {

// "net.prototxt:7: layer 'fc' (InnerProduct)", without the part before the
// layer where the net was not read from a file.
string LayerPlace(const LayerParameter& layer);

// The layers that the net's state keeps. Error kInput: a layer with include
// and exclude rules.
void FilterNet(const NetParameter& param, NetParameter* filtered);
// Error kInput: a loss that mines positives behind a data layer that draws one
// image a person.
void CheckMining(const NetParameter& net);
// Whether a rule's phase, levels and stages are those of a state.
bool StateMeetsRule(const NetState& state, const NetStateRule& rule);
// Inserts Split layers; Error kInput: a bottom that no earlier layer makes.
void InsertSplits(const NetParameter& param, NetParameter* split);

template <typename Dtype>
class Net {
 public:
  explicit Net(const NetParameter& param);
  // Reads the net from a file.
  Net(const string& file, Phase phase, int level = 0,
      const vector<string>* stages = nullptr);
  virtual ~Net() = default;

  // Runs all layers; the loss is the sum of the weighted losses. Returns the
  // output blobs.
  const vector<Blob<Dtype>*>& Forward(Dtype* loss = nullptr);
  // Layers start ... end, both included.
  Dtype ForwardFromTo(int start, int end);
  Dtype ForwardFrom(int start);
  Dtype ForwardTo(int end);
  void Backward();
  void BackwardFromTo(int start, int end);
  Dtype ForwardBackward();
  // Gives every layer the shapes for those of the inputs, without running.
  void Reshape();

  // diff = 0 for every learnable parameter; data -= diff for each.
  void ClearParamDiffs();
  void Update();

  // Uses the parameters of another net: those of its layers of the same names,
  // and those of the same param names. What shares a name here stays one
  // parameter; Error kInput where the other net has several for it.
  void ShareTrainedLayersWith(const Net* other);
  // Copies parameters by layer name. All is checked before anything is
  // copied; Error kInput names both shapes. Layers without a partner on the
  // other side are named in the log; a file with no partner at all is refused.
  void CopyTrainedLayersFrom(const NetParameter& weights,
                             const string& origin = "the weights");
  void CopyTrainedLayersFrom(const string& file);
  // Names, types and parameters of all layers.
  void ToProto(NetParameter* param, bool write_diff = false) const;

  // The first data, parameter or gradient that is not finite, in the order of
  // the layers: "blob 'fc' of net.prototxt:7: layer 'fc' (InnerProduct)"; empty
  // where all are.
  string FirstNonFinite() const;

  const string& name() const { return name_; }
  Phase phase() const { return phase_; }
  const vector<string>& layer_names() const { return layer_names_; }
  const vector<string>& blob_names() const { return blob_names_; }
  const vector<shared_ptr<Blob<Dtype>>>& blobs() const { return blobs_; }
  const vector<shared_ptr<Layer<Dtype>>>& layers() const { return layers_; }
  // The bottoms and tops of each layer.
  const vector<vector<Blob<Dtype>*>>& bottom_vecs() const {
    return bottom_vecs_;
  }
  const vector<vector<Blob<Dtype>*>>& top_vecs() const { return top_vecs_; }
  const vector<int>& top_ids(int layer) const { return top_ids_[layer]; }
  const vector<int>& bottom_ids(int layer) const { return bottom_ids_[layer]; }
  const vector<vector<bool>>& bottom_need_backward() const {
    return bottom_need_backward_;
  }
  const vector<bool>& layer_need_backward() const {
    return layer_need_backward_;
  }
  const vector<Dtype>& blob_loss_weights() const { return blob_loss_weights_; }

  // All parameters, shared ones once for each layer that uses them.
  const vector<shared_ptr<Blob<Dtype>>>& params() const { return params_; }
  const vector<string>& param_display_names() const {
    return param_display_names_;
  }
  const vector<int>& param_owners() const { return param_owners_; }
  // Of each of params(): layer and blob of it; which of learnable_params().
  const vector<pair<int, int>>& param_layer_indices() const {
    return param_layer_indices_;
  }
  const vector<int>& learnable_param_ids() const { return learnable_ids_; }
  // What a solver updates: each shared parameter once.
  const vector<Blob<Dtype>*>& learnable_params() const {
    return learnable_params_;
  }
  const vector<float>& params_lr() const { return params_lr_; }
  const vector<float>& params_weight_decay() const {
    return params_weight_decay_;
  }
  const vector<bool>& has_params_lr() const { return has_params_lr_; }
  const vector<bool>& has_params_decay() const { return has_params_decay_; }

  // Inputs are the tops of Input layers, outputs the blobs that none reads.
  const vector<Blob<Dtype>*>& input_blobs() const { return input_blobs_; }
  const vector<Blob<Dtype>*>& output_blobs() const { return output_blobs_; }
  const vector<int>& input_blob_indices() const { return input_indices_; }
  const vector<int>& output_blob_indices() const { return output_indices_; }
  int num_inputs() const { return static_cast<int>(input_blobs_.size()); }
  int num_outputs() const { return static_cast<int>(output_blobs_.size()); }

  bool has_blob(const string& name) const;
  shared_ptr<Blob<Dtype>> blob_by_name(const string& name) const;
  bool has_layer(const string& name) const;
  shared_ptr<Layer<Dtype>> layer_by_name(const string& name) const;

  void set_debug_info(bool value) { debug_info_ = value; }
  // Tells each layer the solver's iteration.
  void set_iteration(int iteration);

 private:
  // Building, in the order of the calls.
  void Init(const NetParameter& param);
  void AppendLayer(const LayerParameter& param);
  void AppendBottoms(const LayerParameter& param, int layer_id);
  void AppendTops(const LayerParameter& param, int layer_id);
  int AppendBlob(const string& name, int layer_id);
  void AppendParams(const LayerParameter& param, int layer_id);
  void IndexName(const LayerParameter& param, int layer_id);
  void AppendParam(const ParamSpec& spec, int layer_id, int param_id);
  void ShareParam(const ParamSpec& spec, int owner, int net_param_id);
  int ParamIn(const Net& other, int net_param_id) const;
  void PruneBackward();
  void ForceBackward();
  void FindOutputs();

  // Runs a step of a layer; what it throws gets the layer's place in front.
  void AtLayer(int layer_id, bool setting_up,
               const std::function<void()>& step) const;

  // A layer's message with the blobs named as in the file.
  string WithoutSplits(int layer_id, string message) const;

  void ForwardDebugInfo(int layer_id) const;
  void BackwardDebugInfo(int layer_id) const;
  string NonFiniteIn(int layer_id, bool gradients) const;

  string name_;
  Phase phase_ = TRAIN;
  bool debug_info_ = false;

  vector<shared_ptr<Layer<Dtype>>> layers_;
  vector<string> layer_names_;
  map<string, int> layer_index_;
  vector<bool> layer_need_backward_;

  vector<shared_ptr<Blob<Dtype>>> blobs_;
  vector<string> blob_names_;
  map<string, int> blob_index_;
  vector<int> blob_maker_;  // the layer that first wrote each blob
  vector<bool> blob_need_backward_;
  vector<Dtype> blob_loss_weights_;
  set<string> unread_;  // blobs that no layer has read so far

  vector<vector<Blob<Dtype>*>> bottom_vecs_, top_vecs_;
  vector<vector<int>> bottom_ids_, top_ids_;
  vector<vector<bool>> bottom_need_backward_;
  vector<Blob<Dtype>*> input_blobs_, output_blobs_;
  vector<int> input_indices_, output_indices_;

  vector<shared_ptr<Blob<Dtype>>> params_;
  vector<string> param_display_names_;
  vector<pair<int, int>> param_layer_indices_;  // layer, blob of the layer
  vector<int> param_owners_;                    // -1: owns itself
  map<string, int> param_index_;                // by shared name
  vector<int> learnable_ids_;                   // of each of params_
  vector<Blob<Dtype>*> learnable_params_;
  vector<float> params_lr_, params_weight_decay_;
  vector<bool> has_params_lr_, has_params_decay_;

  DISABLE_COPY_AND_ASSIGN(Net);
};

}  // namespace caffe

#endif  // CAFFE_NET_HPP_
