// Convolution against a plain reference on random options, its gradients, its
// errors, and the same bits for any number of threads and every instruction
// set's own loops against the reference.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/conv_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "convolution/convolution.hpp"
#include "google/protobuf/text_format.h"
#include "convolution/conv_kernels.hpp"
#include "core/cpu.hpp"

namespace caffe {

namespace {

LayerParameter ConvParam(const string& options) {
  LayerParameter param;
  const string text = "type: 'Convolution' convolution_param { " + options +
                      " }";
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &param)) << text;
  return param;
}

template <typename Dtype>
void FillUniform(Rng* rng, Dtype* data, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    data[i] = static_cast<Dtype>(rng->Uniform(-1, 1));
  }
}

// Calls visit(x index, w index, y index) for each product of the definition.
template <typename Visit>
void ForEachProduct(const ConvGeometry& s, int batch, const Visit& visit) {
  const int channels = s.channels / s.group;
  const int outputs = s.num_output / s.group;
  const int out_h = s.out_height();
  const int out_w = s.out_width();
  for (int64_t y = 0; y < batch * s.out_size(); ++y) {
    const int q = y % out_w;
    const int r = y / out_w % out_h;
    const int o = y / out_w / out_h % s.num_output;
    const int64_t n = y / s.out_size();
    for (int k = 0; k < channels * s.kernel_area(); ++k) {
      const int c = k / s.kernel_area() + o / outputs * channels;
      const int row = r * s.stride_h - s.pad_h +
                      k / s.kernel_w % s.kernel_h * s.dilation_h;
      const int column = q * s.stride_w - s.pad_w +
                         k % s.kernel_w * s.dilation_w;
      if (row < 0 || row >= s.height || column < 0 || column >= s.width) {
        continue;
      }
      visit(((n * s.channels + c) * s.height + row) * s.width + column,
            static_cast<int64_t>(o) * channels * s.kernel_area() + k, y);
    }
  }
}

ConvGeometry RandomShape(Rng* rng) {
  auto draw = [rng](int low, int high) {
    return low + static_cast<int>(rng->Below(high - low + 1));
  };
  for (;;) {
    ConvGeometry s;
    s.group = draw(0, 2) > 0 ? 1 : draw(1, 4);
    s.channels = s.group * (draw(0, 4) > 0 ? draw(1, 7) : draw(30, 41));
    s.num_output = s.group * (draw(0, 4) > 0 ? draw(1, 20) : draw(21, 71));
    s.kernel_h = draw(1, 5);
    s.kernel_w = draw(1, 5);
    s.stride_h = draw(0, 1) > 0 ? 1 : draw(1, 3);
    s.stride_w = draw(0, 2) > 0 ? s.stride_h : draw(1, 3);
    s.pad_h = draw(0, 5);
    s.pad_w = draw(0, 5);
    s.dilation_h = draw(1, 2);
    s.dilation_w = draw(1, 3);
    s.height = draw(1, 23);
    s.width = draw(1, 37);
    if (s.extent_h() <= s.height + 2 * s.pad_h &&
        s.extent_w() <= s.width + 2 * s.pad_w) {
      return s;
    }
  }
}

string OptionsText(const ConvGeometry& s, bool bias) {
  std::ostringstream text;
  text << "num_output: " << s.num_output << " group: " << s.group
       << " kernel_h: " << s.kernel_h << " kernel_w: " << s.kernel_w
       << " stride_h: " << s.stride_h << " stride_w: " << s.stride_w
       << " pad_h: " << s.pad_h << " pad_w: " << s.pad_w
       << " dilation: " << s.dilation_h << " dilation: " << s.dilation_w
       << " bias_term: " << (bias ? "true" : "false")
       << " weight_filler { type: 'uniform' min: -1 }"
       << " bias_filler { type: 'uniform' min: -1 }";
  return text.str();
}

}  // namespace

template <typename TypeParam>
class ConvolutionLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // The error that setting up makes on a bottom of this shape.
  string ErrorOf(const string& options, const vector<int>& shape) {
    Blob<Dtype> bottom(shape);
    Blob<Dtype> top;
    ConvolutionLayer<Dtype> layer(ConvParam(options));
    try {
      layer.SetUp({&bottom}, {&top});
    } catch (const Error& error) {
      EXPECT_EQ(Error::kInput, error.kind());
      return error.what();
    }
    return "no error";
  }
};

TYPED_TEST_SUITE(ConvolutionLayerTest, TestDtypesAndDevices);

TYPED_TEST(ConvolutionLayerTest, MatchesTheDefinitionOnRandomOptions) {
  typedef typename TypeParam::Dtype Dtype;
  const double tolerance = this->IsDouble() ? 1e-11 : 2e-3;
  for (int seed = 0; seed < 60; ++seed) {
    Rng rng(seed, 0);
    const ConvGeometry s = RandomShape(&rng);
    const int batch = 1 + static_cast<int>(rng.Below(5));
    const bool bias = rng.Below(4) > 0;
    const string options = OptionsText(s, bias);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + options);
    Blob<Dtype> x(batch, s.channels, s.height, s.width);
    Blob<Dtype> y;
    ConvolutionLayer<Dtype> layer(ConvParam(options));
    layer.SetUp({&x}, {&y});
    Blob<Dtype>& w = *layer.blobs()[0];
    ASSERT_EQ(vector<int>({s.num_output, s.channels / s.group, s.kernel_h,
                           s.kernel_w}), w.shape());
    FillUniform(&rng, x.mutable_cpu_data(), x.count());
    std::fill_n(y.mutable_cpu_data(), y.count(),
                std::numeric_limits<Dtype>::quiet_NaN());
    layer.Forward({&x}, {&y});
    FillUniform(&rng, y.mutable_cpu_diff(), y.count());
    std::fill_n(x.mutable_cpu_diff(), x.count(),
                std::numeric_limits<Dtype>::quiet_NaN());
    std::fill_n(w.mutable_cpu_diff(), w.count(), Dtype(1));
    if (bias) {
      std::fill_n(layer.blobs()[1]->mutable_cpu_diff(), s.num_output,
                  Dtype(1));
    }
    layer.Backward({&y}, {true}, {&x});

    vector<double> wanted_y(y.count(), 0), wanted_dx(x.count(), 0);
    vector<double> wanted_dw(w.count(), 1), wanted_db(s.num_output, 1);
    for (int i = 0; i < y.count(); ++i) {
      const int64_t o = i / s.out_plane() % s.num_output;
      if (bias) { wanted_y[i] = layer.blobs()[1]->cpu_data()[o]; }
      wanted_db[o] += y.cpu_diff()[i];
    }
    const Dtype* const in = x.cpu_data();
    const Dtype* const weights = w.cpu_data();
    const Dtype* const dy = y.cpu_diff();
    ForEachProduct(s, batch, [&](int64_t xi, int64_t wi, int64_t yi) {
      wanted_y[yi] += double(in[xi]) * weights[wi];
      wanted_dx[xi] += double(dy[yi]) * weights[wi];
      wanted_dw[wi] += double(dy[yi]) * in[xi];
    });
    auto expect_near = [&](const char* what, const vector<double>& wanted,
                           const Dtype* found) {
      for (size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(wanted[i], found[i], tolerance) << what << " " << i;
      }
    };
    expect_near("top", wanted_y, y.cpu_data());
    expect_near("bottom diff", wanted_dx, x.cpu_diff());
    expect_near("weights diff", wanted_dw, w.cpu_diff());
    if (bias) {
      expect_near("bias diff", wanted_db, layer.blobs()[1]->cpu_diff());
    }
    if (this->HasFatalFailure()) { return; }
  }
}

TYPED_TEST(ConvolutionLayerTest, GradientsOfEveryOptionHold) {
  typedef typename TypeParam::Dtype Dtype;
  const char* const cases[] = {
      "num_output: 3 kernel_size: 3",
      "num_output: 3 kernel_size: 3 pad: 1 stride: 2",
      "num_output: 4 kernel_size: 2 group: 2 dilation: 2",
      "num_output: 2 kernel_h: 1 kernel_w: 3 pad_h: 2 stride_w: 2",
      "num_output: 6 kernel_size: 3 group: 6 pad: 1",
      "num_output: 5 kernel_size: 1 bias_term: false",
  };
  for (const char* options : cases) {
    SCOPED_TRACE(options);
    Blob<Dtype> x(2, 6, 5, 6);
    Blob<Dtype> y;
    Rng rng(3, 0);
    FillUniform(&rng, x.mutable_cpu_data(), x.count());
    ConvolutionLayer<Dtype> layer(
        ConvParam(string(options) + " weight_filler { type: 'gaussian' }"));
    GradientChecker<Dtype> checker;
    checker.CheckGradientExhaustive(&layer, {&x}, {&y});
  }
}

TYPED_TEST(ConvolutionLayerTest, TwoBottomsShareTheWeights) {
  typedef typename TypeParam::Dtype Dtype;
  Blob<Dtype> a(2, 3, 4, 5), b(2, 3, 4, 5), ya, yb;
  Rng rng(4, 0);
  FillUniform(&rng, a.mutable_cpu_data(), a.count());
  FillUniform(&rng, b.mutable_cpu_data(), b.count());
  ConvolutionLayer<Dtype> layer(ConvParam(
      "num_output: 2 kernel_size: 3 weight_filler { type: 'gaussian' }"));
  GradientChecker<Dtype> checker;
  checker.CheckGradientExhaustive(&layer, {&a, &b}, {&ya, &yb});
}

TYPED_TEST(ConvolutionLayerTest, ReshapesToOtherBatchesAndSizes) {
  typedef typename TypeParam::Dtype Dtype;
  Blob<Dtype> x(1, 2, 4, 4), y;
  ConvolutionLayer<Dtype> layer(ConvParam(
      "num_output: 3 kernel_size: 3 pad: 1 weight_filler { value: 1 } "
      "bias_filler { value: 2 }"));
  layer.SetUp({&x}, {&y});
  for (int size : {9, 5, 17}) {
    x.Reshape(size, 2, size, size + 1);
    std::fill_n(x.mutable_cpu_data(), x.count(), Dtype(1));
    layer.Forward({&x}, {&y});
    ASSERT_EQ(vector<int>({size, 3, size, size + 1}), y.shape());
    EXPECT_EQ(Dtype(2 + 18), y.data_at(size - 1, 2, 1, 1));
    EXPECT_EQ(Dtype(2 + 8), y.data_at(size - 1, 2, size - 1, size));
  }
}

TYPED_TEST(ConvolutionLayerTest, FixedParametersGetNoGradient) {
  typedef typename TypeParam::Dtype Dtype;
  Blob<Dtype> x(2, 3, 5, 5), y;
  ConvolutionLayer<Dtype> layer(ConvParam("num_output: 2 kernel_size: 3"));
  layer.SetUp({&x}, {&y});
  Rng rng(5, 0);
  FillUniform(&rng, x.mutable_cpu_data(), x.count());
  FillUniform(&rng, y.mutable_cpu_diff(), y.count());
  layer.set_param_propagate_down(0, false);
  for (auto& blob : layer.blobs()) {
    std::fill_n(blob->mutable_cpu_diff(), blob->count(), Dtype(0));
  }
  layer.Forward({&x}, {&y});
  layer.Backward({&y}, {true}, {&x});
  EXPECT_EQ(Dtype(0), layer.blobs()[0]->asum_diff());
  EXPECT_NE(Dtype(0), layer.blobs()[1]->asum_diff());
}

TYPED_TEST(ConvolutionLayerTest, WrongOptionsSayWhatIsWanted) {
  const vector<int> image = {1, 4, 5, 5};
  const struct {
    const char* options;
    const char* message;
  } cases[] = {
      {"kernel_size: 3",
       "convolution_param: num_output is left out; wanted at least 1"},
      {"kernel_size: 3 num_output: 0",
       "convolution_param: num_output is 0; wanted at least 1"},
      {"num_output: 2", "convolution_param: kernel_size is left out"},
      {"num_output: 2 kernel_h: 3",
       "convolution_param: kernel_w is left out beside kernel_h"},
      {"num_output: 2 kernel_size: 0",
       "kernel_size is 0; wanted 1 to 4096"},
      {"num_output: 2 kernel_size: 3 kernel_h: 3",
       "both kernel_size and its form for one side (_h, _w) are given; "
       "wanted one of the two"},
      {"num_output: 2 kernel_size: 3 stride: 0",
       "stride is 0; wanted 1 to 4096"},
      {"num_output: 2 kernel_size: 3 dilation: 0",
       "dilation is 0; wanted 1 to 4096"},
      {"num_output: 2 kernel_size: 7",
       "kernel 7x7 (dilation 1) is larger than its padded input 5x5"},
      {"num_output: 2 kernel_size: 3 dilation: 4 pad: 1",
       "kernel 3x3 (dilation 4) is larger than its padded input 7x7"},
      {"num_output: 3 kernel_size: 3 group: 3",
       "group 3 does not divide the 4 channels of the bottom"},
      {"num_output: 3 kernel_size: 3 group: 2",
       "group 2 does not divide num_output 3"},
      {"num_output: 3 kernel_size: 3 group: 0",
       "convolution_param: group is 0; wanted at least 1"},
      {"num_output: 2 kernel_size: 3 axis: 2",
       "convolution_param: axis is 2; only 1 is supported: two-dimensional "
       "images"},
      {"num_output: 2 kernel_size: [3, 3, 3]",
       "kernel_size has 3 values; wanted 1, or 2 (height and width): images "
       "have two spatial axes"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.message, this->ErrorOf(c.options, image)) << c.options;
  }
  EXPECT_EQ("the bottom has shape 2 3 (6); wanted 4 axes, N x C x H x W",
            this->ErrorOf("num_output: 2 kernel_size: 3", {2, 3}));
}

// What the whole batch gives with one thread and with several.
template <typename Dtype>
class ConvolutionBitsTest : public CPUDeviceTest<Dtype> {
 protected:
  ~ConvolutionBitsTest() override { Caffe::set_threads(before_); }

  // Output and gradients, one after the other.
  static vector<Dtype> Run(const ConvGeometry& s, int batch, int threads) {
    Caffe::set_threads(threads);
    Rng rng(11, 0);
    vector<Dtype> x(batch * s.in_size()), w(s.weight_size());
    vector<Dtype> bias(s.num_output), dy(batch * s.out_size());
    for (vector<Dtype>* v : {&x, &w, &bias, &dy}) {
      FillUniform(&rng, v->data(), v->size());
    }
    vector<Dtype> all(dy.size() + x.size() + w.size() + bias.size());
    Dtype* const dx = all.data() + dy.size();
    Dtype* const dw = dx + x.size();
    CpuConvolution<Dtype> engine;
    engine.Reshape(s, batch);
    engine.Forward(x.data(), w.data(), bias.data(), all.data());
    engine.BackwardData(dy.data(), w.data(), dx);
    engine.BackwardWeights(x.data(), dy.data(), dw, dw + w.size());
    return all;
  }

 private:
  const int before_ = Caffe::threads();
};

TYPED_TEST_SUITE(ConvolutionBitsTest, TestDtypes);

TYPED_TEST(ConvolutionBitsTest, DoNotDependOnTheNumberOfThreads) {
  ConvGeometry square;
  square.channels = 16;
  square.num_output = 24;
  square.height = square.width = 21;
  square.kernel_h = square.kernel_w = 3;
  square.pad_h = square.pad_w = 1;
  ConvGeometry strided = square;
  strided.stride_h = strided.stride_w = 2;
  ConvGeometry grouped = square;
  grouped.group = 8;
  for (const ConvGeometry& s : {square, strided, grouped}) {
    const auto one = this->Run(s, 19, 1);
    EXPECT_TRUE(SameBits(one, this->Run(s, 19, 2)));
    EXPECT_TRUE(SameBits(one, this->Run(s, 19, 3)));
    EXPECT_TRUE(SameBits(one, this->Run(s, 19, 7)));
  }
}

// The loops for each instruction set that this processor has, on sizes that
// do and do not fill their registers.
template <typename Dtype>
class ConvolutionKernelsTest : public CPUDeviceTest<Dtype> {
 protected:
  static constexpr double kTolerance = sizeof(Dtype) == 8 ? 1e-12 : 1e-4;

  static vector<Dtype> Random(int64_t count) {
    static Rng rng(6, 0);
    vector<Dtype> values(count);
    FillUniform(&rng, values.data(), count);
    return values;
  }
};

TYPED_TEST_SUITE(ConvolutionKernelsTest, TestDtypes);

TYPED_TEST(ConvolutionKernelsTest, MultiplyIsAProductForEverySet) {
  const int depth = 7;
  for (const Isa isa : RunnableIsas()) {
    const IsaLimit limit(isa);
    const auto* set = &BestConvKernels<TypeParam>();
    for (int rows : {1, 5, 6, 7, 12, 13, 29, 300}) {
      for (int cols : {1, 3, 8, 9, 31, 32, 67}) {
        const int padded = (cols + set->panel - 1) / set->panel * set->panel;
        const auto a = this->Random(rows * depth);
        const auto b = this->Random(padded * depth);
        const auto bias = this->Random(rows);
        const auto before = this->Random(rows * cols);
        auto c = before;
        auto added = before;
        set->multiply(a.data(), b.data(), c.data(), cols, rows, cols, depth,
                      bias.data(), false);
        set->multiply(a.data(), b.data(), added.data(), cols, rows, cols,
                      depth, bias.data(), true);
        const int blocks = RowBlocks(rows, set->rows);
        for (int block = 0; block < blocks; ++block) {
          const int r0 = RowBegin(rows, blocks, block);
          const int r1 = RowBegin(rows, blocks, block + 1);
          for (int i = r0 * cols; i < r1 * cols; ++i) {
            const int r = i / cols;
            const int q = i % cols;
            double sum = 0;
            for (int k = 0; k < depth; ++k) {
              sum += double(a[r0 * depth + k * (r1 - r0) + r - r0]) *
                     b[(q / set->panel * depth + k) * set->panel +
                       q % set->panel];
            }
            ASSERT_NEAR(sum + bias[r], c[i], this->kTolerance);
            ASSERT_NEAR(sum + before[i], added[i], this->kTolerance);
          }
        }
      }
    }
  }
}

TYPED_TEST(ConvolutionKernelsTest, TransposeAndOuterAddUpForEverySet) {
  const int depth = 15;
  for (const Isa isa : RunnableIsas()) {
    const IsaLimit limit(isa);
    const auto* set = &BestConvKernels<TypeParam>();
    for (int rows : {1, 7, 8, 16, 33}) {
      for (int cols : {1, 8, 19, 40}) {
        const int panels = (rows + set->panel - 1) / set->panel;
        const auto y = this->Random(rows * cols);
        const auto band = this->Random(depth * 3 + cols * 2);
        vector<int32_t> offsets, pixels;
        for (int k = 0; k < depth; ++k) { offsets.push_back(3 * k); }
        for (int p = 0; p < cols; ++p) { pixels.push_back(2 * p); }
        vector<TypeParam> t(panels * set->panel * cols), sums(rows, 1);
        vector<TypeParam> w(panels * set->panel * depth, 1);
        set->transpose(y.data(), cols, rows, cols, t.data(), sums.data());
        for (int i = 0; i < panels; ++i) {
          set->outer(band.data(), offsets.data(), depth, pixels.data(), cols,
                     t.data() + i * set->panel * cols,
                     w.data() + i * set->panel * depth);
        }
        for (int r = 0; r < panels * set->panel; ++r) {
          for (int k = 0; k < depth; ++k) {
            double wanted = 1;
            for (int p = 0; p < cols && r < rows; ++p) {
              wanted += double(y[r * cols + p]) * band[3 * k + 2 * p];
            }
            ASSERT_NEAR(wanted,
                        w[(r / set->panel * depth + k) * set->panel +
                          r % set->panel],
                        this->kTolerance);
          }
        }
        for (int r = 0; r < rows; ++r) {
          double sum = 1;
          for (int p = 0; p < cols; ++p) { sum += y[r * cols + p]; }
          ASSERT_NEAR(sum, sums[r], this->kTolerance);
        }
      }
    }
  }
}

}  // namespace caffe
