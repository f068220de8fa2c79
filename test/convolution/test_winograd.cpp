// Winograd's convolution: its transforms for every instruction set against
// the definition, the whole against the direct way, and the same bits for any
// number of threads and any batch that an image is in.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "caffe/layers/conv_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "convolution/convolution.hpp"
#include "convolution/conv_kernels.hpp"
#include "convolution/winograd.hpp"
#include "core/cpu.hpp"

namespace caffe {

namespace {

template <typename Dtype>
vector<Dtype> Random(int64_t count, int seed) {
  Rng rng(seed, 0);
  vector<Dtype> values(count);
  for (Dtype& value : values) {
    value = static_cast<Dtype>(rng.Uniform(-1, 1));
  }
  return values;
}

ConvGeometry Shape(int channels, int outputs, int height, int width, int pad,
                   int group = 1) {
  ConvGeometry s;
  s.channels = channels;
  s.num_output = outputs;
  s.height = height;
  s.width = width;
  s.pad_h = s.pad_w = pad;
  s.kernel_h = s.kernel_w = 3;
  s.group = group;
  return s;
}

// Shapes with whole and cut patches, panels that are and are not full, a
// strip narrower and one wider than a block, and groups.
const vector<ConvGeometry>& Shapes() {
  static const vector<ConvGeometry> shapes = {
      Shape(16, 16, 12, 12, 1),    Shape(17, 35, 13, 9, 1),
      Shape(32, 24, 21, 18, 0),    Shape(40, 16, 9, 11, 2),
      Shape(36, 32, 15, 14, 1, 2), Shape(16, 20, 10, 301, 1),
  };
  return shapes;
}

template <typename Dtype>
struct Results {
  vector<Dtype> y, dx, dw, db;
};

template <typename Dtype, typename Engine>
Results<Dtype> Run(const ConvGeometry& s, int batch, Engine* engine) {
  const auto x = Random<Dtype>(batch * s.in_size(), 1);
  const auto w = Random<Dtype>(s.weight_size(), 2);
  const auto bias = Random<Dtype>(s.num_output, 3);
  const auto dy = Random<Dtype>(batch * s.out_size(), 4);
  // The weights' gradient adds to what is there.
  Results<Dtype> r = {vector<Dtype>(dy.size(), NAN),
                      vector<Dtype>(x.size(), NAN),
                      vector<Dtype>(w.size(), 1), vector<Dtype>(bias.size(), 1)};
  engine->Reshape(s, batch);
  engine->Forward(x.data(), w.data(), bias.data(), r.y.data());
  engine->BackwardData(dy.data(), w.data(), r.dx.data());
  engine->BackwardWeights(x.data(), dy.data(), r.dw.data(), r.db.data());
  return r;
}

template <typename Dtype>
Results<Dtype> Direct(const ConvGeometry& s, int batch) {
  CpuConvolution<Dtype> engine;
  engine.set_direct(true);
  return Run<Dtype>(s, batch, &engine);
}

// The largest difference, in units of the root mean square of `wanted`.
template <typename Dtype>
double Difference(const vector<double>& wanted, const vector<Dtype>& got) {
  double most = 0;
  double squares = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double difference = std::fabs(wanted[i] - got[i]);
    if (!(difference <= most)) { most = difference; }
    squares += wanted[i] * wanted[i];
  }
  return most / std::sqrt(squares / wanted.size());
}

template <typename Dtype>
void ExpectNear(const Results<double>& wanted, const Results<Dtype>& got,
                double tolerance) {
  EXPECT_LE(Difference(wanted.y, got.y), tolerance);
  EXPECT_LE(Difference(wanted.dx, got.dx), tolerance);
  EXPECT_LE(Difference(wanted.dw, got.dw), tolerance);
  EXPECT_LE(Difference(wanted.db, got.db), tolerance);
}

template <typename Dtype>
bool Same(const Results<Dtype>& a, const Results<Dtype>& b) {
  return SameBits(a.y, b.y) && SameBits(a.dx, b.dx) && SameBits(a.dw, b.dw) &&
         SameBits(a.db, b.db);
}

}  // namespace

template <typename Dtype>
class WinogradTest : public CPUDeviceTest<Dtype> {
 protected:
  ~WinogradTest() override { Caffe::set_threads(before_); }

 private:
  const int before_ = Caffe::threads();
};

TYPED_TEST_SUITE(WinogradTest, TestDtypes);

// In double the two ways differ by rounding alone; in float by little more
// than the direct sums do.
TYPED_TEST(WinogradTest, AgreesWithTheDefinition) {
  const double tolerance = sizeof(TypeParam) == 8 ? 1e-13 : 3e-5;
  for (const ConvGeometry& s : Shapes()) {
    SCOPED_TRACE(std::to_string(s.channels) + " " + std::to_string(s.width));
    ASSERT_TRUE(Winograd<TypeParam>::Suits(s));
    Winograd<TypeParam> engine;
    ExpectNear(Direct<double>(s, 7), Run<TypeParam>(s, 7, &engine),
               tolerance);
  }
}

TYPED_TEST(WinogradTest, DoesNotDependOnTheNumberOfThreads) {
  for (const ConvGeometry& s : Shapes()) {
    Caffe::set_threads(1);
    Winograd<TypeParam> engine;
    const auto one = Run<TypeParam>(s, 19, &engine);
    for (int threads : {2, 3, 7}) {
      Caffe::set_threads(threads);
      EXPECT_TRUE(Same(one, Run<TypeParam>(s, 19, &engine))) << threads;
    }
  }
}

TYPED_TEST(WinogradTest, AnImagesOutputDoesNotDependOnItsBatch) {
  const ConvGeometry s = Shape(16, 20, 13, 10, 1);
  const int batch = 5;
  const auto x = Random<TypeParam>(batch * s.in_size(), 1);
  const auto w = Random<TypeParam>(s.weight_size(), 2);
  vector<TypeParam> all(batch * s.out_size());
  CpuConvolution<TypeParam> engine;
  engine.Reshape(s, batch);
  engine.Forward(x.data(), w.data(), nullptr, all.data());
  engine.Reshape(s, 1);
  for (int n = 0; n < batch; ++n) {
    vector<TypeParam> one(s.out_size());
    engine.Forward(x.data() + n * s.in_size(), w.data(), nullptr, one.data());
    const auto from = all.begin() + n * s.out_size();
    EXPECT_TRUE(
        SameBits(vector<TypeParam>(from, from + s.out_size()), one));
  }
}

TYPED_TEST(WinogradTest, TheBiasAloneGetsItsGradient) {
  const ConvGeometry s = Shape(16, 20, 13, 10, 1);
  const auto x = Random<TypeParam>(s.in_size(), 1);
  const auto dy = Random<TypeParam>(s.out_size(), 4);
  Winograd<TypeParam> engine;
  engine.Reshape(s, 1);
  vector<TypeParam> dw(s.weight_size()), both(s.num_output), alone(both);
  engine.BackwardWeights(x.data(), dy.data(), dw.data(), both.data());
  engine.BackwardWeights(x.data(), dy.data(), nullptr, alone.data());
  EXPECT_TRUE(SameBits(both, alone));
  EXPECT_NE(0, alone[0]);
}

TYPED_TEST(WinogradTest, SuitsThreeByThreeWindowsOverManyChannels) {
  auto suits = [](int ConvGeometry::*field, int value) {
    ConvGeometry s = Shape(16, 16, 12, 12, 1);
    s.*field = value;
    return Winograd<TypeParam>::Suits(s);
  };
  EXPECT_TRUE(suits(&ConvGeometry::channels, 16));
  EXPECT_FALSE(suits(&ConvGeometry::channels, 15));
  EXPECT_FALSE(suits(&ConvGeometry::num_output, 15));
  EXPECT_FALSE(suits(&ConvGeometry::kernel_w, 5));
  EXPECT_FALSE(suits(&ConvGeometry::stride_h, 2));
  EXPECT_FALSE(suits(&ConvGeometry::dilation_w, 2));
  EXPECT_FALSE(suits(&ConvGeometry::pad_h, 3));
  EXPECT_FALSE(suits(&ConvGeometry::height, 4));
}

// engine: CAFFE is the direct way, bit for bit; without it float goes the
// other.
TEST(ConvolutionEngineTest, CaffeIsDirect) {
  const ConvGeometry s = Shape(16, 20, 13, 10, 1);
  const auto direct = Direct<float>(s, 2);
  const Results<double> exact = Direct<double>(s, 2);
  for (const bool caffe : {false, true}) {
    LayerParameter param;
    ConvolutionParameter* p = param.mutable_convolution_param();
    p->set_num_output(s.num_output);
    p->add_kernel_size(3);
    p->add_pad(1);
    if (caffe) { p->set_engine(ConvolutionParameter::CAFFE); }
    ConvolutionLayer<float> layer(param);
    Blob<float> bottom(2, s.channels, s.height, s.width), top;
    const auto x = Random<float>(bottom.count(), 1);
    std::copy(x.begin(), x.end(), bottom.mutable_cpu_data());
    layer.SetUp({&bottom}, {&top});
    const auto w = Random<float>(s.weight_size(), 2);
    const auto bias = Random<float>(s.num_output, 3);
    std::copy(w.begin(), w.end(), layer.blobs()[0]->mutable_cpu_data());
    std::copy(bias.begin(), bias.end(),
              layer.blobs()[1]->mutable_cpu_data());
    layer.Forward({&bottom}, {&top});
    const vector<float> y(top.cpu_data(), top.cpu_data() + top.count());
    EXPECT_EQ(caffe, SameBits(direct.y, y));
    EXPECT_LE(Difference(exact.y, y), 3e-5);
  }
}

// One patch a lane, for each instruction set that this processor has.
template <typename Dtype>
class WinogradKernelsTest : public CPUDeviceTest<Dtype> {
 protected:
  static constexpr int kRow = 11;  // between rows of patches
  static constexpr int kRoom = 100;  // between patches
  static constexpr double kTolerance = sizeof(Dtype) == 8 ? 1e-13 : 1e-5;

  WinogradKernelsTest() {
    for (int lane = 0; lane < 16; ++lane) {
      offsets_.push_back((lane * 5 % 16) * kRoom);
    }
  }

  vector<int64_t> offsets_;
};

TYPED_TEST_SUITE(WinogradKernelsTest, TestDtypes);

TYPED_TEST(WinogradKernelsTest, OutputsAreTheConvolution) {
  const auto d = Random<TypeParam>(17 * this->kRoom, 1);
  const auto windows = Random<TypeParam>(16 * 9, 2);
  for (const Isa isa : RunnableIsas()) {
    const IsaLimit limit(isa);
    const auto* set = &BestConvKernels<TypeParam>();
    const int lanes = set->panel / 2;
    for (const bool turned : {false, true}) {
      vector<TypeParam> v(36 * 40), g(36 * lanes), y(17 * this->kRoom, -1);
      set->winograd_data(d.data(), this->offsets_.data(), this->kRow,
                         v.data(), 40);
      set->winograd_window(windows.data(), 9, lanes, turned, g.data());
      for (int f = 0; f < 36; ++f) {
        for (int l = 0; l < lanes; ++l) { v[f * 40 + l] *= g[f * lanes + l]; }
      }
      set->winograd_output(v.data(), 40, TypeParam(0.5), y.data(),
                           this->offsets_.data(), this->kRow);
      for (int i = 0; i < lanes * 16; ++i) {
        const int64_t at = this->offsets_[i / 16] + i % 16 / 4 * this->kRow +
                           i % 4;
        double sum = 0.5;
        for (int k = 0; k < 9; ++k) {
          sum += double(d[at + k / 3 * this->kRow + k % 3]) *
                 windows[i / 16 * 9 + (turned ? 8 - k : k)];
        }
        ASSERT_NEAR(sum, y[at], this->kTolerance);
        y[at] = -1;
      }
      for (const TypeParam untouched : y) { ASSERT_EQ(-1, untouched); }
    }
  }
}

TYPED_TEST(WinogradKernelsTest, SumsAreTheWindowsGradient) {
  const auto d = Random<TypeParam>(17 * this->kRoom, 1);
  const auto dy = Random<TypeParam>(17 * this->kRoom, 2);
  for (const Isa isa : RunnableIsas()) {
    const IsaLimit limit(isa);
    const auto* set = &BestConvKernels<TypeParam>();
    const int lanes = set->panel / 2;
    vector<TypeParam> v(36 * 40), m(36 * 40), dw(9 * lanes);
    set->winograd_data(d.data(), this->offsets_.data(), this->kRow, v.data(),
                       40);
    set->winograd_gradient(dy.data(), this->offsets_.data(), this->kRow,
                           m.data(), 40);
    for (size_t i = 0; i < v.size(); ++i) { m[i] *= v[i]; }
    set->winograd_sums(m.data(), 40, dw.data());
    for (int i = 0; i < 9 * lanes; ++i) {
      const int64_t patch = this->offsets_[i % lanes];
      const int64_t shift = i / lanes / 3 * this->kRow + i / lanes % 3;
      double sum = 0;
      for (int k = 0; k < 16; ++k) {
        const int64_t at = patch + k / 4 * this->kRow + k % 4;
        sum += double(dy[at]) * d[at + shift];
      }
      ASSERT_NEAR(sum, dw[i], this->kTolerance);
    }
  }
}

}  // namespace caffe
