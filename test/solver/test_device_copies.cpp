// What crosses between host and device in training, and what a run says of the
// device's arithmetic: no more than the batch and a few scalars a step.
#include <chrono>
#include <limits>
#include <thread>

#include "solver/gradient_sums.hpp"
#include "caffe/test/fixture.hpp"
#include "core/device.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {
namespace {

class DeviceCopiesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Caffe::DeviceCount() == 0) GTEST_SKIP() << "no CUDA device";
    Caffe::set_mode(Caffe::GPU);
    for (int i = 0; i < 3; ++i) {
      for (int k = 0; k < 4; ++k) {
        folder_.WriteFlat(
            "faces/p" + std::to_string(i) + "/" + std::to_string(k) + ".pgm",
            12, 12, 1, 60 * i + 5 * k);
      }
    }
  }
  void TearDown() override {
    Caffe::set_mode(Caffe::CPU);
    Caffe::set_math(Caffe::FP32);
  }
  // A net of the data layer, and of more.
  NetParameter NetOf(const char* prefetch, const char* more = "") const {
    NetParameter param;
    CHECK(google::protobuf::TextFormat::ParseFromString(Data(prefetch) + more,
                                                        &param));
    return param;
  }
  string Data(const char* prefetch) const {
    return "layer { name: 'data' type: 'IdentityData' top: 'data' top: 'label' "
           "identity_data_param { source: '" + (folder_ / "faces") +
           "' identities_per_batch: 3 images_per_identity: 2 " + prefetch +
           " } }";
  }

  ImageFolder folder_;
};

// Every kind of layer that an embedding net has, and both kinds of loss.
const char kLayers[] = R"(
layer { name: 'scale' type: 'Power' bottom: 'data' top: 'scaled'
  power_param { scale: 0.0039 shift: -0.5 } }
layer { name: 'conv' type: 'Convolution' bottom: 'scaled' top: 'conv'
  convolution_param { num_output: 4 kernel_size: 3 pad: 1
    weight_filler { type: 'xavier' } } }
layer { name: 'bn' type: 'BatchNorm' bottom: 'conv' top: 'bn' }
layer { name: 'affine' type: 'Scale' bottom: 'bn' top: 'bn'
  scale_param { bias_term: true } }
layer { name: 'prelu' type: 'PReLU' bottom: 'bn' top: 'bn' }
layer { name: 'lrn' type: 'LRN' bottom: 'bn' top: 'lrn' }
layer { name: 'max' type: 'Pooling' bottom: 'lrn' top: 'max'
  pooling_param { kernel_size: 2 stride: 2 } }
layer { name: 'ave' type: 'Pooling' bottom: 'lrn' top: 'ave'
  pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: 'both' type: 'Concat' bottom: 'max' bottom: 'ave' top: 'both' }
layer { name: 'sum' type: 'Eltwise' bottom: 'max' bottom: 'ave' top: 'sum' }
layer { name: 'flat' type: 'Flatten' bottom: 'sum' top: 'flat' }
layer { name: 'wide' type: 'InnerProduct' bottom: 'both' top: 'wide'
  inner_product_param { num_output: 6 weight_filler { type: 'xavier' } } }
layer { name: 'narrow' type: 'InnerProduct' bottom: 'flat' top: 'narrow'
  inner_product_param { num_output: 6 weight_filler { type: 'xavier' } } }
layer { name: 'gate' type: 'Sigmoid' bottom: 'narrow' top: 'gate' }
layer { name: 'tanh' type: 'TanH' bottom: 'wide' top: 'tanh' }
layer { name: 'product' type: 'Eltwise' bottom: 'tanh' bottom: 'gate'
  top: 'product' eltwise_param { operation: PROD } }
layer { name: 'relu' type: 'ReLU' bottom: 'product' top: 'relu'
  relu_param { negative_slope: 0.1 } }
layer { name: 'drop' type: 'Dropout' bottom: 'relu' top: 'relu' }
layer { name: 'shape' type: 'Reshape' bottom: 'relu' top: 'shaped'
  reshape_param { shape { dim: 0 dim: 6 } } }
layer { name: 'embedding' type: 'Normalize' bottom: 'shaped' top: 'embedding' }
layer { name: 'roles' type: 'Slice' bottom: 'embedding' top: 'a' top: 'p'
  top: 'n' slice_param { axis: 0 } }
layer { name: 'triplets' type: 'TripletLoss' bottom: 'a' bottom: 'p'
  bottom: 'n' top: 'triplets' }
layer { name: 'fc' type: 'InnerProduct' bottom: 'embedding' top: 'fc'
  inner_product_param { num_output: 3 weight_filler { type: 'xavier' } } }
layer { name: 'class' type: 'SoftmaxWithLoss' bottom: 'fc' bottom: 'label'
  top: 'class' }
layer { name: 'right' type: 'Accuracy' bottom: 'fc' bottom: 'label'
  top: 'right' }
)";

const char kSolver[] =
    "base_lr: 0.01 lr_policy: 'fixed' momentum: 0.9 weight_decay: 0.001 "
    "max_iter: 100 random_seed: 5 snapshot_after_train: false ";

TEST_F(DeviceCopiesTest, AStepCopiesTheBatchAndItsScalars) {
  // Batches ahead: one in the feed, whatever the clock; so a step copies none,
  // one or two, and all steps together one a step, give or take one.
  auto solver =
      MakeSolver<float>(ParseSolver(kSolver, Data("") + kLayers));
  solver->Step(2);
  constexpr int kSteps = 6;
  const Transfers before = TransfersSoFar();
  solver->Step(kSteps);
  const Transfers made = TransfersSoFar() - before;
  const int64_t batch = (6 * 12 * 12 + 6) * sizeof(float);
  EXPECT_GE(made.to_device, kSteps - 1);
  EXPECT_LE(made.to_device, kSteps + 1);
  EXPECT_EQ(made.bytes_to_device, made.to_device * batch);
  // Two losses, the sums of the gradients (two doubles), and for the doctor the
  // triplets' two sums and two counts, the rows' length and spread.
  EXPECT_EQ(made.to_host, 5 * kSteps);
  EXPECT_EQ(made.bytes_to_host,
            int64_t{kSteps} * (2 * sizeof(float) + 8 * sizeof(double)));
}

TEST_F(DeviceCopiesTest, EachSolverKeepsItsHistoryOnTheDevice) {
  for (const char* type : {"SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta",
                           "Adam"}) {
    SolverParameter param = ParseSolver(
        string("base_lr: 0.01 lr_policy: 'fixed' max_iter: 9 random_seed: 5 "
               "snapshot_after_train: false clip_gradients: 1e-3 type: '") +
            type + "'",
        Data("") + kLayers);
    auto solver = MakeSolver<float>(param);
    solver->Step(2);
    const Transfers before = TransfersSoFar();
    solver->Step(2);
    const Transfers made = TransfersSoFar() - before;
    EXPECT_LE(made.to_device, 3) << type;
    // The length of the gradients once more, to clip them.
    EXPECT_EQ(made.to_host, 2 * 6) << type;
  }
}

// The batches that reach the device, in order, equal those of the host.
TEST_F(DeviceCopiesTest, BatchesFedAheadAreTheHosts) {
  const auto batches = [&](Caffe::Brew mode, const char* options) {
    Caffe::set_random_seed(3);
    Caffe::set_mode(mode);
    Net<float> net(NetOf(options));
    std::vector<float> all;
    for (int step = 0; step < 20; ++step) {
      net.Forward();
      // Time for the workers to write over what has not left its memory.
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      for (const Blob<float>* top : net.output_blobs()) {
        const float* values = top->cpu_data();
        all.insert(all.end(), values, values + top->count());
      }
    }
    return all;
  };
  const auto host = batches(Caffe::CPU, "");
  EXPECT_EQ(batches(Caffe::GPU, ""), host);
  EXPECT_EQ(batches(Caffe::GPU, "threads: 1 prefetch: 1"), host);
}

// The labels that layers read on the device are the batch's own, too.
TEST_F(DeviceCopiesTest, LabelsAreOnBothSides) {
  Net<float> net(NetOf("", "layer { name: 'same' type: 'Power' "
                           "bottom: 'label' top: 'same' }"));
  for (int step = 0; step < 8; ++step) {
    net.Forward();
    const Transfers before = TransfersSoFar();
    const Blob<float>& label = *net.blob_by_name("label");
    const float* host = label.cpu_data();
    EXPECT_EQ((TransfersSoFar() - before).to_host, 0);
    const float* device = net.blob_by_name("same")->cpu_data();
    for (int i = 0; i < 6; ++i) EXPECT_EQ(device[i], host[i]);
  }
}

TEST_F(DeviceCopiesTest, GoingBackToTheHostLosesNoBatch) {
  const NetParameter param = NetOf("");
  const auto first_pixels = [&](const std::vector<Caffe::Brew>& modes) {
    Caffe::set_random_seed(3);
    Net<float> net(param);
    std::vector<float> pixels;
    for (Caffe::Brew mode : modes) {
      Caffe::set_mode(mode);
      net.Forward();
      pixels.push_back(net.blob_by_name("data")->cpu_data()[0]);
    }
    return pixels;
  };
  const Caffe::Brew cpu = Caffe::CPU, gpu = Caffe::GPU;
  EXPECT_EQ(first_pixels({gpu, gpu, cpu, gpu, cpu}),
            first_pixels({cpu, cpu, cpu, cpu, cpu}));
}

TEST_F(DeviceCopiesTest, TheSolverChoosesTheArithmeticOfProducts) {
#ifdef TERCET_CUDA
  const auto mode = [&](const char* math) {
    auto solver = MakeSolver<float>(
        ParseSolver(string(kSolver) + math, TeacherNet(2, 2, 2, 1, false)));
    cublasMath_t found;
    CUBLAS_CHECK(cublasGetMathMode(Caffe::cublas_handle(), &found));
    return found;
  };
  EXPECT_EQ(mode(""), CUBLAS_DEFAULT_MATH);
  EXPECT_EQ(mode("math: TF32"), CUBLAS_TF32_TENSOR_OP_MATH);
  EXPECT_EQ(mode("math: FP32"), CUBLAS_DEFAULT_MATH);
#endif
}

TEST(TransfersTextTest, SaysBothDirections) {
  const Transfers a = {5, 100, 2, 8}, b = {3, 60, 1, 4};
  EXPECT_EQ(TransfersText(a - b),
            "2 to the device (40 bytes), 1 to the host (4 bytes)");
}

}  // namespace

template <typename TypeParam>
class GradientSumsTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // Blobs of these sizes whose gradients are 1, 2, 3, ... over all of them.
  void Make(const std::vector<int>& sizes) {
    owned_.clear();
    params_.clear();
    int next = 0;
    for (int size : sizes) {
      owned_.emplace_back(new Blob<Dtype>(std::vector<int>{size}));
      for (int i = 0; i < size; ++i) {
        owned_.back()->mutable_cpu_diff()[i] = static_cast<Dtype>(++next);
      }
      params_.push_back(owned_.back().get());
    }
  }
  double PlainSquares() const {
    double sum = 0;
    for (const Blob<Dtype>* param : params_) {
      for (int i = 0; i < param->count(); ++i) {
        sum += double{param->cpu_diff()[i]} * param->cpu_diff()[i];
      }
    }
    return sum;
  }

  GradientSums sums_;
  std::vector<std::unique_ptr<Blob<Dtype>>> owned_;
  std::vector<Blob<Dtype>*> params_;
};

TYPED_TEST_SUITE(GradientSumsTest, TestDtypesAndDevices);

TYPED_TEST(GradientSumsTest, AddsManyAndLargeTensors) {
  for (const std::vector<int>& sizes :
       {std::vector<int>{1}, std::vector<int>{7, 513, 1},
        std::vector<int>(65, 3), std::vector<int>(130, 2),
        std::vector<int>{8192, 8193, 20000}}) {
    this->Make(sizes);
    const double expected = this->PlainSquares();
    EXPECT_NEAR(this->sums_.Squares(this->params_), expected,
                1e-5 * expected);
    EXPECT_TRUE(this->sums_.AreFinite(this->params_));
  }
}

TYPED_TEST(GradientSumsTest, FindsEachValueThatIsNoNumber) {
  typedef typename TypeParam::Dtype Dtype;
  this->Make(std::vector<int>(70, 300));
  ASSERT_TRUE(this->sums_.AreFinite(this->params_));
  for (Dtype bad : {std::numeric_limits<Dtype>::quiet_NaN(),
                    std::numeric_limits<Dtype>::infinity(),
                    -std::numeric_limits<Dtype>::infinity()}) {
    for (int tensor : {0, 1, 63, 64, 69}) {
      Dtype& value = this->params_[tensor]->mutable_cpu_diff()[tensor * 4];
      const Dtype before = value;
      value = bad;
      EXPECT_FALSE(this->sums_.AreFinite(this->params_)) << tensor;
      this->params_[tensor]->mutable_cpu_diff()[tensor * 4] = before;
    }
  }
  EXPECT_TRUE(this->sums_.AreFinite(this->params_));
}

}  // namespace caffe
