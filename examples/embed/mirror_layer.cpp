// A layer that lives outside of the library, written as for Caffe: it flips
// an image from left to right. Naming it in a prototxt is all it takes.
#include <vector>

#include "caffe/layer.hpp"
#include "caffe/layer_factory.hpp"

namespace caffe {

template <typename Dtype>
class MirrorLayer : public Layer<Dtype> {
 public:
  explicit MirrorLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  virtual void Reshape(const vector<Blob<Dtype>*>& bottom,
                       const vector<Blob<Dtype>*>& top) {
    top[0]->ReshapeLike(*bottom[0]);
  }
  virtual inline const char* type() const { return "Mirror"; }
  virtual inline int ExactNumBottomBlobs() const { return 1; }
  virtual inline int ExactNumTopBlobs() const { return 1; }

 protected:
  virtual void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                           const vector<Blob<Dtype>*>& top) {
    Flip(*bottom[0], bottom[0]->cpu_data(), top[0]->mutable_cpu_data());
  }
  virtual void Backward_cpu(const vector<Blob<Dtype>*>& top,
                            const vector<bool>& propagate_down,
                            const vector<Blob<Dtype>*>& bottom) {
    if (!propagate_down[0]) return;
    Flip(*bottom[0], top[0]->cpu_diff(), bottom[0]->mutable_cpu_diff());
  }

 private:
  static void Flip(const Blob<Dtype>& shape, const Dtype* from, Dtype* to) {
    const int width = shape.shape(-1);
    CHECK_GT(width, 0);
    for (int row = 0; row < shape.count() / width; ++row) {
      for (int x = 0; x < width; ++x) {
        to[row * width + x] = from[row * width + width - 1 - x];
      }
    }
  }
};

#ifdef CPU_ONLY
STUB_GPU(MirrorLayer);
#endif

INSTANTIATE_CLASS(MirrorLayer);
REGISTER_LAYER_CLASS(Mirror);

}  // namespace caffe
