// Layers on the device against the CPU for shapes of every kind: the device
// goes another way for rows that are short, long or odd, for many rows and for
// addresses that forbid 16 bytes at a time.
#include <cmath>
#include <string>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "caffe/util/math_functions.hpp"
#include "test/layers/layer_runner.hpp"

#ifdef TERCET_CUDA

namespace caffe {
namespace {

typedef vector<vector<int>> Shapes;

template <typename Dtype>
class DeviceShapesTest : public GPUDeviceTest<Dtype> {
 protected:
  // Tops, diffs of the bottoms and of the parameters.
  static vector<vector<Dtype>> Run(Caffe::Brew mode, const string& layer,
                                   const Shapes& shapes, int tops) {
    Caffe::set_mode(mode);
    Caffe::set_random_seed(5);
    LayerRunner<Dtype> run(layer, shapes, tops);
    run.SetUpAndForward();
    vector<vector<Dtype>> results, diffs;
    for (int t = 0; t < tops; ++t) {
      results.push_back(run.Top(t));
      Blob<Dtype> diff(run.top(t)->shape());
      LayerRunner<Dtype>::Fill(&diff, 77 + t);
      diffs.push_back(LayerRunner<Dtype>::Data(diff));
    }
    for (const auto& param : run.layer()->blobs()) {
      caffe_set(param->count(), Dtype(0.5), param->mutable_cpu_diff());
    }
    run.BackwardFrom(diffs);
    for (Blob<Dtype>* bottom : run.bottoms()) {
      results.push_back(LayerRunner<Dtype>::Diff(*bottom));
    }
    for (const auto& param : run.layer()->blobs()) {
      results.push_back(LayerRunner<Dtype>::Diff(*param));
    }
    return results;
  }

  void Compare(const string& layer, const Shapes& shapes, int tops = 1) {
    const auto want = Run(Caffe::CPU, layer, shapes, tops);
    const auto have = Run(Caffe::GPU, layer, shapes, tops);
    ASSERT_EQ(want.size(), have.size());
    const double tolerance = this->IsDouble() ? 1e-11 : 2e-4;
    for (size_t b = 0; b < want.size(); ++b) {
      ASSERT_EQ(want[b].size(), have[b].size());
      for (size_t i = 0; i < want[b].size(); ++i) {
        ASSERT_NEAR(want[b][i], have[b][i],
                    tolerance * (1 + std::fabs(want[b][i])))
            << layer << " result " << b << " value " << i << " of "
            << want[b].size() << ", outermost " << shapes[0][0];
      }
    }
  }
};
TYPED_TEST_SUITE(DeviceShapesTest, TestDtypes);

// Few and many rows, of one value, of a few, of an odd number, of packs, and
// longer than a block of threads.
const vector<vector<int>> kShapes = {
    {1, 1},     {3, 5},      {70, 36},   {33, 40, 2, 2}, {35, 3, 3, 3},
    {40, 7, 9}, {2, 3, 600}, {4, 2, 12}, {19, 33, 16}};

TYPED_TEST(DeviceShapesTest, ValueByValue) {
  for (const auto& shape : kShapes) {
    this->Compare("type: 'ReLU'", {shape});
    this->Compare("type: 'ReLU' relu_param { negative_slope: 0.1 }", {shape});
    this->Compare("type: 'Sigmoid'", {shape});
    this->Compare("type: 'TanH'", {shape});
    this->Compare("type: 'Power' power_param { power: 2 shift: 3 }", {shape});
    this->Compare("type: 'Dropout'", {shape});
    this->Compare("type: 'Split'", {shape}, 3);
  }
}

TYPED_TEST(DeviceShapesTest, SeveralBottoms) {
  for (const auto& shape : kShapes) {
    for (const char* operation : {"SUM", "PROD", "MAX"}) {
      this->Compare(string("type: 'Eltwise' eltwise_param { operation: ") +
                        operation + " }",
                    {shape, shape, shape});
    }
    this->Compare("type: 'Concat'", {shape, shape});
  }
}

TYPED_TEST(DeviceShapesTest, ChannelByChannel) {
  const string filler = "filler { type: 'gaussian' } ";
  for (const auto& shape : kShapes) {
    this->Compare("type: 'Bias' bias_param { " + filler + "}", {shape});
    this->Compare("type: 'Scale' scale_param { bias_term: true " + filler +
                      "bias_" + filler + "}",
                  {shape});
    this->Compare("type: 'PReLU'", {shape});
    this->Compare("type: 'PReLU' prelu_param { channel_shared: true }",
                  {shape});
    this->Compare("type: 'BatchNorm' batch_norm_param { eps: 0.01 }", {shape});
    this->Compare("type: 'Reduction' reduction_param { axis: 1 }", {shape});
  }
}

TYPED_TEST(DeviceShapesTest, SlicesWhoseBordersLieAnywhere) {
  this->Compare("type: 'Slice'", {{5, 6, 4}}, 3);
  this->Compare("type: 'Slice' slice_param { slice_point: 1 }", {{5, 4}}, 2);
  this->Compare("type: 'Slice' slice_param { slice_point: 4 }", {{5, 9}}, 2);
}

TYPED_TEST(DeviceShapesTest, BiasOfAnInnerProduct) {
  for (const int rows : {1, 5, 40, 70}) {
    for (const int outputs : {1, 3, 8, 37}) {
      this->Compare("type: 'InnerProduct' inner_product_param { num_output: " +
                        std::to_string(outputs) +
                        " weight_filler { type: 'gaussian' } }",
                    {{rows, 6}});
    }
  }
}

TYPED_TEST(DeviceShapesTest, PairLosses) {
  for (const int rows : {1, 9, 5000}) {
    this->Compare("type: 'EuclideanLoss' loss_weight: 1", {{rows, 4},
                                                           {rows, 4}});
  }
}

// A layer without GPU code of its own, as one from outside may be.
template <typename Dtype>
class HostOnlyLayer : public Layer<Dtype> {
 public:
  explicit HostOnlyLayer(const LayerParameter& param) : Layer<Dtype>(param) {}
  void Reshape(const vector<Blob<Dtype>*>& bottom,
               const vector<Blob<Dtype>*>& top) override {
    top[0]->ReshapeLike(*bottom[0]);
  }
  const char* type() const override {
    return sizeof(Dtype) == 8 ? "HostOnlyDouble" : "HostOnlyFloat";
  }

 protected:
  void Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                   const vector<Blob<Dtype>*>& top) override {
    caffe_cpu_scale(bottom[0]->count(), Dtype(2), bottom[0]->cpu_data(),
                    top[0]->mutable_cpu_data());
  }
  void Backward_cpu(const vector<Blob<Dtype>*>& top,
                    const vector<bool>& propagate_down,
                    const vector<Blob<Dtype>*>& bottom) override {
    caffe_cpu_scale(bottom[0]->count(), Dtype(2), top[0]->cpu_diff(),
                    bottom[0]->mutable_cpu_diff());
  }
};

TYPED_TEST(DeviceShapesTest, ALayerWithoutGpuCodeSaysSoOnce) {
  Blob<TypeParam> x({3}), y;
  LayerRunner<TypeParam>::Fill(&x, 1);
  ::testing::internal::CaptureStderr();
  for (int times = 0; times < 2; ++times) {
    HostOnlyLayer<TypeParam> layer((LayerParameter()));
    layer.SetUp({&x}, {&y});
    layer.Forward({&x}, {&y});
    y.mutable_gpu_diff();
    layer.Backward({&y}, {true}, {&x});
  }
  const string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(y.cpu_data()[1], 2 * x.cpu_data()[1]);
  const size_t at = log.find("HostOnly");
  ASSERT_NE(at, string::npos) << log;
  EXPECT_EQ(log.find("HostOnly", at + 1), string::npos) << log;
}

// Layers that only pass memory along have no kernel, and say nothing.
TYPED_TEST(DeviceShapesTest, LayersThatPassMemoryAlongDoNotSayThat) {
  ::testing::internal::CaptureStderr();
  this->Compare("type: 'Flatten'", {{2, 3, 4}});
  this->Compare("type: 'Reshape' reshape_param { shape { dim: 2 dim: -1 } }",
                {{2, 3, 4}});
  LayerRunner<TypeParam> input("type: 'Input' input_param { shape { dim: 2 } }",
                               {});
  input.SetUpAndForward();
  const string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(log.find("no GPU code"), string::npos) << log;
}

// Vectors of any length at any address, and nothing behind them is touched.
TYPED_TEST(DeviceShapesTest, VectorsAtAnyAddress) {
  for (const int shift : {0, 1, 2, 4}) {
    for (const int n : {0, 1, 3, 4, 5, 1030}) {
      Blob<TypeParam> x({shift + n + 1}), y({shift + n + 1});
      LayerRunner<TypeParam>::Fill(&x, 1);
      LayerRunner<TypeParam>::Fill(&y, 2);
      const auto want_x = LayerRunner<TypeParam>::Data(x);
      const auto want_y = LayerRunner<TypeParam>::Data(y);
      caffe_gpu_axpy<TypeParam>(n, 2, x.gpu_data() + shift,
                                y.mutable_gpu_data() + shift);
      caffe_gpu_set<TypeParam>(n, 9, x.mutable_gpu_data() + shift);
      for (int i = 0; i < x.count(); ++i) {
        const bool inside = i >= shift && i < shift + n;
        ASSERT_EQ(x.cpu_data()[i], inside ? 9 : want_x[i]);
        ASSERT_EQ(y.cpu_data()[i],
                  want_y[i] + (inside ? 2 * want_x[i] : TypeParam(0)));
      }
    }
  }
}

}  // namespace
}  // namespace caffe

#endif  // TERCET_CUDA
