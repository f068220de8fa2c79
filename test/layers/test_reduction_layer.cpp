// Reduction: its four operations over some or all axes, and their gradients.
#include "caffe/layers/reduction_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class ReductionLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(ReductionLayerTest, TestDtypesAndDevices);

const char* const kOperations[] = {"SUM", "ASUM", "SUMSQ", "MEAN"};

string ReductionText(const string& operation, int axis, double coeff) {
  std::ostringstream text;
  text << "type: 'Reduction' reduction_param { operation: " << operation
       << " axis: " << axis << " coeff: " << coeff << " }";
  return text.str();
}

vector<double> Reduced(const vector<double>& x, const string& operation,
                       int rows, double coeff) {
  const int length = static_cast<int>(x.size()) / rows;
  vector<double> y(rows);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < length; ++i) {
      const double value = x[row * length + i];
      y[row] += operation == "ASUM"    ? std::fabs(value)
                : operation == "SUMSQ" ? value * value
                                       : value;
    }
    y[row] *= operation == "MEAN" ? coeff / length : coeff;
  }
  return y;
}

TYPED_TEST(ReductionLayerTest, FollowsTheFormula) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string operation : kOperations) {
    const int rows[] = {1, 2, 6, 30};
    for (int axis = 0; axis < 4; ++axis) {
      SCOPED_TRACE(operation + " axis " + std::to_string(axis));
      LayerCase<Dtype> layer_case(
          ReductionText(operation, axis == 3 ? -1 : axis, 0.5), {{2, 3, 5, 7}});
      layer_case.Run();
      EXPECT_EQ(axis, layer_case.top()->num_axes());
      ExpectNear<Dtype>(
          Reduced(layer_case.BottomData(), operation, rows[axis], 0.5),
          layer_case.TopData());
    }
  }
}

TYPED_TEST(ReductionLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (const string operation : kOperations) {
    for (const int axis : {0, 1, 2}) {
      LayerCase<Dtype>(ReductionText(operation, axis, -1.5), {{2, 3, 5}})
          .CheckGradient();
    }
  }
}

TYPED_TEST(ReductionLayerTest, AbsoluteValueHasNoSlopeAtZero) {
  typedef typename TypeParam::Dtype Dtype;
  LayerCase<Dtype> layer_case(ReductionText("ASUM", 0, 1), {{3}});
  layer_case.SetBottom(0, {-2, 0, 3});
  layer_case.Run();
  layer_case.RunBackward();
  const vector<double> slopes = layer_case.BottomDiff();
  EXPECT_EQ(0, slopes[1]);
  EXPECT_EQ(-slopes[0], slopes[2]);
  vector<int> sides;
  layer_case.layer()->KinkSides({layer_case.bottom()}, {}, &sides);
  EXPECT_EQ((vector<int>{-1, 0, 1}), sides);
}

TYPED_TEST(ReductionLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  for (const int axis : {0, 1}) {
    ExpectSameForAnyThreads<Dtype>(ReductionText("SUMSQ", axis, 1),
                                   {{97, 8009}});
  }
}

}  // namespace caffe
