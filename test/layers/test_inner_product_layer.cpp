// InnerProduct against the definition, with each axis and orientation of the
// weights; gradients and errors.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/inner_product_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "google/protobuf/text_format.h"

namespace caffe {

namespace {

LayerParameter ProductParam(const string& options) {
  LayerParameter param;
  const string text =
      "type: 'InnerProduct' inner_product_param { " + options + " }";
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &param)) << text;
  return param;
}

}  // namespace

template <typename TypeParam>
class InnerProductLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  static void Fill(Blob<Dtype>* blob) {
    Rng rng(5, 0);
    for (int i = 0; i < blob->count(); ++i) {
      blob->mutable_cpu_data()[i] = static_cast<Dtype>(rng.Uniform(-1, 1));
    }
  }
  static string ErrorOf(const string& options) {
    Blob<Dtype> x(2, 3, 4, 5), y;
    InnerProductLayer<Dtype> layer(ProductParam(options));
    try {
      layer.SetUp({&x}, {&y});
    } catch (const Error& error) {
      EXPECT_EQ(Error::kInput, error.kind());
      return error.what();
    }
    return "no error";
  }
};

TYPED_TEST_SUITE(InnerProductLayerTest, TestDtypesAndDevices);

TYPED_TEST(InnerProductLayerTest, MatchesTheDefinition) {
  typedef typename TypeParam::Dtype Dtype;
  for (int axis : {1, 2, -1, -3}) {
    for (bool transpose : {false, true}) {
      for (int outputs : {1, 7, 130}) {
        std::ostringstream options;
        options << "axis: " << axis << " num_output: " << outputs
                << " transpose: " << (transpose ? "true" : "false")
                << " weight_filler { type: 'uniform' min: -1 }"
                << " bias_filler { type: 'uniform' }";
        SCOPED_TRACE(options.str());
        Blob<Dtype> x(2, 3, 4, 5), y;
        this->Fill(&x);
        InnerProductLayer<Dtype> layer(ProductParam(options.str()));
        layer.SetUp({&x}, {&y});
        const int first = axis < 0 ? axis + 4 : axis;
        const int depth = x.count(first);
        vector<int> shape(x.shape().begin(), x.shape().begin() + first);
        shape.push_back(outputs);
        ASSERT_EQ(shape, y.shape());
        std::fill_n(y.mutable_cpu_data(), y.count(),
                    std::numeric_limits<Dtype>::quiet_NaN());
        layer.Forward({&x}, {&y});
        const Dtype* w = layer.blobs()[0]->cpu_data();
        for (int i = 0; i < y.count(); ++i) {
          const int m = i / outputs;
          const int o = i % outputs;
          double sum = layer.blobs()[1]->cpu_data()[o];
          for (int k = 0; k < depth; ++k) {
            sum += double(x.cpu_data()[m * depth + k]) *
                   w[transpose ? k * outputs + o : o * depth + k];
          }
          ASSERT_NEAR(sum, y.cpu_data()[i], 1e-4);
        }
      }
    }
  }
}

TYPED_TEST(InnerProductLayerTest, GradientsOfEveryOptionHold) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* options :
       {"num_output: 5", "num_output: 4 transpose: true",
        "num_output: 3 axis: 2", "num_output: 1 bias_term: false"}) {
    SCOPED_TRACE(options);
    Blob<Dtype> x(3, 2, 2, 4), y;
    this->Fill(&x);
    InnerProductLayer<Dtype> layer(ProductParam(
        string(options) + " weight_filler { type: 'gaussian' }"));
    GradientChecker<Dtype> checker;
    checker.CheckGradientExhaustive(&layer, {&x}, {&y});
  }
}

TYPED_TEST(InnerProductLayerTest, WrongOptionsSayWhatIsWanted) {
  EXPECT_EQ("inner_product_param: num_output is left out; wanted at least 1",
            this->ErrorOf(""));
  EXPECT_EQ("inner_product_param: num_output is 0; wanted at least 1",
            this->ErrorOf("num_output: 0"));
  EXPECT_NE("no error", this->ErrorOf("num_output: 2 axis: 4"));
}

TYPED_TEST(InnerProductLayerTest, ABottomOfAnotherWidthIsRefused) {
  typedef typename TypeParam::Dtype Dtype;
  Blob<Dtype> x({2, 6}), y;
  InnerProductLayer<Dtype> layer(ProductParam("num_output: 3"));
  layer.SetUp({&x}, {&y});
  x.Reshape({2, 7});
  try {
    layer.Forward({&x}, {&y});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(Error::kInput, error.kind());
    EXPECT_STREQ("the bottom has 7 values a row; the weights are for 6",
                 error.what());
  }
}

}  // namespace caffe
