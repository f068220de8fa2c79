// Input: gives its tops their shapes once.

#include "caffe/layers/input_layer.hpp"

#include <vector>

#include "data/image.hpp"
#include "data/image_survey.hpp"

namespace caffe {

template <typename Dtype>
void InputLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const InputParameter& param = this->layer_param_.input_param();
  INPUT_CHECK((param.new_height() > 0) == (param.new_width() > 0))
      << "input_param has one of new_height and new_width; wanted both or none";
  INPUT_CHECK(param.new_height() == 0 ||
              param.new_width() <= kMaxImagePixels / param.new_height())
      << "new_height x new_width is " << param.new_height() << " x "
      << param.new_width() << "; at most " << kMaxImagePixels << " pixels";
  CheckedMaxPixels(param.max_pixels());
  const int shapes = param.shape_size();
  const int tops = static_cast<int>(top.size());
  INPUT_CHECK(shapes <= 1 || shapes == tops)
      << "input_param has " << shapes << " shapes for " << tops
      << " tops; wanted one for all, or one a top";
  for (int i = 0; i < tops && shapes > 0; ++i) {
    const BlobShape& shape = param.shape(shapes == 1 ? 0 : i);
    for (int axis = 0; axis < shape.dim_size(); ++axis) {
      INPUT_CHECK(shape.dim(axis) >= 1)
          << "shape of top " << i << " has dim " << shape.dim(axis)
          << " at axis " << axis << "; wanted at least 1";
    }
    top[i]->Reshape(shape);
  }
}

INSTANTIATE_CLASS(InputLayer);
REGISTER_LAYER_CLASS(Input);

}  // namespace caffe
