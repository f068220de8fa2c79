// LiftedStructureLoss: reads its options; the passes are PairLossLayer's.
#include "caffe/layers/lifted_structure_loss_layer.hpp"

#include <vector>

namespace caffe {

template <typename Dtype>
void LiftedStructureLossLayer<Dtype>::LayerSetUp(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  PairLossLayer<Dtype>::LayerSetUp(bottom, top);
  this->ReadOptions("lifted_structure_loss_param", metric::PairLoss::kLifted,
                    this->layer_param_.lifted_structure_loss_param());
}

INSTANTIATE_CLASS(LiftedStructureLossLayer);
REGISTER_LAYER_CLASS(LiftedStructureLoss);

}  // namespace caffe
