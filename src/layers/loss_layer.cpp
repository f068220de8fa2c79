// LossLayer: the default loss weight and the checks that all losses share.
#include "caffe/layers/loss_layer.hpp"

namespace caffe {

template <typename Dtype>
void LossLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  if (this->layer_param_.loss_weight_size() == 0) {
    this->layer_param_.add_loss_weight(Dtype(1));
  }
}

template <typename Dtype>
void LossLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                               const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() > 0 && bottom[1]->num_axes() > 0 &&
              bottom[0]->shape(0) == bottom[1]->shape(0))
      << "its bottoms must have the same first axis; they are of shape "
      << bottom[0]->shape_string() << " and " << bottom[1]->shape_string();
  top[0]->Reshape(vector<int>());
}

INSTANTIATE_CLASS(LossLayer);

}  // namespace caffe
