// Layer: the interface of every computation in a net.
//
// A layer reads its options from a LayerParameter, takes bottom blobs and
// makes top blobs. Its life: constructor, SetUp once (LayerSetUp, Reshape),
// then Forward and Backward as often as wanted, Reshape before each Forward.
//
//   Forward   writes the data of every top from the data of the bottoms.
//   Backward  writes the diff of each bottom i with propagate_down[i] (it
//             overwrites), and adds to the diffs of the parameters.
//
// What a user's net gets wrong is refused with TERCET_INPUT_CHECK in LayerSetUp
// or Reshape; the net adds the file, line and name of the layer in front.
#ifndef CAFFE_LAYER_HPP_
#define CAFFE_LAYER_HPP_

#include <string>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/common.hpp"
#include "caffe/layer_factory.hpp"
#include "caffe/proto/caffe.pb.h"
#include "caffe/util/math_functions.hpp"

namespace caffe {

template <typename Dtype>
class Layer {
 public:
  explicit Layer(const LayerParameter& param);
  virtual ~Layer() = default;

  // Checks the number of blobs, then LayerSetUp, Reshape, SetLossWeights.
  void SetUp(const vector<Blob<Dtype>*>& bottom,
             const vector<Blob<Dtype>*>& top);

  // Reads the options, makes the parameters. Called once, before Reshape.
  virtual void LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                          const vector<Blob<Dtype>*>& top) {}
  // Gives the tops and internal buffers their shapes for those of the
  // bottoms. Buffers are taken here, never in Forward.
  virtual void Reshape(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) = 0;

  // Reshape, then Forward_cpu or Forward_gpu. Returns the loss: the tops
  // weighted by their loss weights.
  Dtype Forward(const vector<Blob<Dtype>*>& bottom,
                const vector<Blob<Dtype>*>& top);
  void Backward(const vector<Blob<Dtype>*>& top,
                const vector<bool>& propagate_down,
                const vector<Blob<Dtype>*>& bottom);

  // The learnable parameters.
  vector<shared_ptr<Blob<Dtype>>>& blobs() { return blobs_; }
  const LayerParameter& layer_param() const { return layer_param_; }
  // Name, type and parameters, for a .caffemodel.
  virtual void ToProto(LayerParameter* param, bool write_diff = false);

  Dtype loss(int top_index) const {
    return top_index < static_cast<int>(loss_.size()) ? loss_[top_index]
                                                       : Dtype(0);
  }
  void set_loss(int top_index, Dtype value);

  virtual const char* type() const { return ""; }

  // How many bottoms and tops there must be; -1: no such rule.
  virtual int ExactNumBottomBlobs() const { return -1; }
  virtual int MinBottomBlobs() const { return -1; }
  virtual int MaxBottomBlobs() const { return -1; }
  virtual int ExactNumTopBlobs() const { return -1; }
  virtual int MinTopBlobs() const { return -1; }
  virtual int MaxTopBlobs() const { return -1; }
  virtual bool EqualNumBottomTopBlobs() const { return false; }
  // Whether the net may add tops that the file does not name.
  virtual bool AutoTopBlobs() const { return false; }
  // Whether force_backward reaches bottom i (not so for labels).
  virtual bool AllowForceBackward(const int bottom_index) const {
    return true;
  }
  // Whether top 0 may be bottom 0. The default allows it, as Caffe does.
  virtual bool AllowInPlace() const { return true; }

  bool param_propagate_down(const int param_id) const {
    return param_id < static_cast<int>(param_propagate_down_.size()) &&
           param_propagate_down_[param_id];
  }
  void set_param_propagate_down(const int param_id, const bool value);
  // Whether what Backward adds to a parameter's diff is its derivative. A layer
  // that updates one by a rule of its own says no, and a gradient check leaves
  // that one out.
  virtual bool ParamDiffIsGradient(const int param_id) const { return true; }

  // The discrete decisions of the last Forward: whether a hinge was active,
  // which input was the maximum. A gradient check compares them on both sides
  // of a point and leaves out the coordinates where they differ.
  virtual void KinkSides(const vector<Blob<Dtype>*>& bottom,
                         const vector<Blob<Dtype>*>& top,
                         vector<int>* sides) const {}

  // What a layer remembers from iteration to iteration besides its
  // parameters (where it stands in its data), for the solver's snapshot.
  virtual void SaveState(LayerState* state) const {}
  virtual void LoadState(const LayerState& state) {}
  virtual bool HasState() const { return false; }
  // How many batches a data layer has handed over, where its state holds that
  // as the cursor; -1: it does not. The solver looks before each iteration, so
  // that one which fails can be done again.
  virtual int64_t BatchesTaken() const { return -1; }
  // Whether Forward writes parameters by a rule of the layer's own, as
  // BatchNorm its averages.
  virtual bool ForwardWritesParams() const { return false; }

  // The solver's iteration that the next Forward belongs to; 0 outside of a
  // solver. What changes on the way (a margin, a choice of triplets) follows
  // from it, so that a resumed run goes on in the same way.
  int iteration() const { return iteration_; }
  void set_iteration(int iteration) { iteration_ = iteration; }

  // Multiplications and additions of one Forward with the present shapes.
  virtual int64_t MultiplyAdds(const vector<Blob<Dtype>*>& bottom,
                               const vector<Blob<Dtype>*>& top) const {
    return 0;
  }

 protected:
  virtual void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                           const vector<Blob<Dtype>*>& top) = 0;
  virtual void Backward_cpu(const vector<Blob<Dtype>*>& top,
                            const vector<bool>& propagate_down,
                            const vector<Blob<Dtype>*>& bottom) = 0;
  // A layer without GPU code runs on the CPU and says so once, by type.
  virtual void Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                           const vector<Blob<Dtype>*>& top);
  virtual void Backward_gpu(const vector<Blob<Dtype>*>& top,
                            const vector<bool>& propagate_down,
                            const vector<Blob<Dtype>*>& bottom);

  virtual void CheckBlobCounts(const vector<Blob<Dtype>*>& bottom,
                               const vector<Blob<Dtype>*>& top) const;
  void SetLossWeights(const vector<Blob<Dtype>*>& top);

  LayerParameter layer_param_;
  Phase phase_;
  vector<shared_ptr<Blob<Dtype>>> blobs_;
  vector<bool> param_propagate_down_;
  // The loss weight of each top; empty or 0 where it is no loss.
  vector<Dtype> loss_;

 private:
  int iteration_ = 0;

  DISABLE_COPY_AND_ASSIGN(Layer);
};

}  // namespace caffe

#endif  // CAFFE_LAYER_HPP_
