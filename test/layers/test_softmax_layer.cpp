// Softmax: along any axis, for large scores, and its gradient.
#include "caffe/layers/softmax_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class SoftmaxLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(SoftmaxLayerTest, TestDtypesAndDevices);

vector<double> SoftmaxReference(const vector<double>& x, int classes,
                                int inner) {
  vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t first = i / (classes * inner) * classes * inner + i % inner;
    double sum = 0;
    for (int c = 0; c < classes; ++c) {
      sum += std::exp(x[first + c * inner] - x[i]);
    }
    y[i] = 1 / sum;
  }
  return y;
}

TYPED_TEST(SoftmaxLayerTest, FollowsTheFormulaAlongAnyAxis) {
  typedef typename TypeParam::Dtype Dtype;
  const int shape[] = {3, 5, 7, 11};
  int inner = 3 * 5 * 7 * 11;
  for (int axis = 0; axis < 4; ++axis) {
    inner /= shape[axis];
    SCOPED_TRACE(axis);
    LayerCase<Dtype> layer_case("type: 'Softmax' softmax_param { axis: " +
                                    std::to_string(axis - 4) + " }",
                                {{3, 5, 7, 11}});
    layer_case.Run();
    ExpectNear<Dtype>(
        SoftmaxReference(layer_case.BottomData(), shape[axis], inner),
        layer_case.TopData());
  }
}

TYPED_TEST(SoftmaxLayerTest, LargeScoresDoNotOverflow) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case("type: 'Softmax'", {{2, 3}});
  layer_case.SetBottom(0, {1e4, 1e4, -1e4, -3e4, -3e4, -3e4});
  layer_case.Run();
  ExpectNear<Dtype>({.5, .5, 0, 1. / 3, 1. / 3, 1. / 3}, layer_case.TopData());
}

TYPED_TEST(SoftmaxLayerTest, NanStaysInItsRow) {
  typedef typename TypeParam::Dtype Dtype;
  for (const vector<int>& shape : {vector<int>{2, 3}, vector<int>{1, 3, 2}}) {
    LayerCase<Dtype> layer_case("type: 'Softmax'", {shape});
    layer_case.bottom()->mutable_cpu_data()[2] = NAN;
    layer_case.Run();
    int nans = 0;
    for (const double value : layer_case.TopData()) nans += std::isnan(value);
    EXPECT_EQ(3, nans);
  }
}

TYPED_TEST(SoftmaxLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype>("type: 'Softmax'", {{4, 7}}).CheckGradient();
  LayerCase<Dtype>("type: 'Softmax'", {{2, 5, 3, 1}}).CheckGradient();
  LayerCase<Dtype>("type: 'Softmax' softmax_param { axis: 0 }", {{3, 67}})
      .CheckGradient();
  LayerCase<Dtype>("type: 'Softmax'", {{3, 4}}, 1, LayerCase<Dtype>::kInPlace)
      .CheckGradient();
}

TYPED_TEST(SoftmaxLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  for (const vector<int>& shape :
       {vector<int>{97, 1501}, vector<int>{2, 11, 211, 7}}) {
    ExpectSameForAnyThreads<Dtype>("type: 'Softmax'", {shape});
  }
}

}  // namespace caffe
