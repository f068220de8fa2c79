// Pooling against the definition on random options, the number of windows
// against Caffe's rule, gradients, the mask, and errors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "caffe/layers/pooling_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/test/gradient_checker.hpp"
#include "google/protobuf/text_format.h"

namespace caffe {

namespace {

LayerParameter PoolParam(const string& options) {
  LayerParameter param;
  const string text = "type: 'Pooling' pooling_param { " + options + " }";
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &param)) << text;
  return param;
}

}  // namespace

template <typename TypeParam>
class PoolingLayerTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  static void Fill(uint64_t seed, Blob<Dtype>* blob) {
    Rng rng(seed, 0);
    for (int i = 0; i < blob->count(); ++i) {
      blob->mutable_cpu_data()[i] = static_cast<Dtype>(rng.Uniform(-1, 1));
    }
  }
  static vector<int> TopShape(const string& options, int height, int width) {
    Blob<Dtype> x(1, 1, height, width), y;
    PoolingLayer<Dtype> layer(PoolParam(options));
    layer.SetUp({&x}, {&y});
    return {y.shape(2), y.shape(3)};
  }
  static string ErrorOf(const string& options, int tops = 1) {
    Blob<Dtype> x(1, 2, 5, 5), y, mask;
    PoolingLayer<Dtype> layer(PoolParam(options));
    try {
      layer.SetUp({&x}, tops == 1 ? vector<Blob<Dtype>*>{&y}
                                  : vector<Blob<Dtype>*>{&y, &mask});
    } catch (const Error& error) {
      EXPECT_EQ(Error::kInput, error.kind());
      return error.what();
    }
    return "no error";
  }
};

TYPED_TEST_SUITE(PoolingLayerTest, TestDtypesAndDevices);

TYPED_TEST(PoolingLayerTest, WindowsAreCountedByCaffesRule) {
  typedef vector<int> V;
  EXPECT_EQ(V({3, 3}), this->TopShape("kernel_size: 2 stride: 2", 5, 6));
  EXPECT_EQ(V({2, 3}), this->TopShape("kernel_size: 2 stride: 2 "
                                      "round_mode: FLOOR", 5, 6));
  EXPECT_EQ(V({56, 56}), this->TopShape("kernel_size: 3 stride: 2", 112, 112));
  EXPECT_EQ(V({3, 4}),
            this->TopShape("kernel_size: 3 stride: 2 pad: 1", 5, 6));
  // Without the last rule this would be 4: a window in the padding alone.
  EXPECT_EQ(V({3, 3}),
            this->TopShape("kernel_size: 2 stride: 2 pad: 1", 4, 4));
  // Larger than the image by less than a stride: one window, cut off.
  EXPECT_EQ(V({1, 1}), this->TopShape("kernel_size: 3 stride: 2", 2, 2));
  EXPECT_EQ(V({1, 1}), this->TopShape("global_pooling: true", 7, 3));
  EXPECT_EQ(V({2, 1}), this->TopShape("kernel_h: 1 kernel_w: 4 stride_h: 3 "
                                      "stride_w: 2", 5, 4));
}

TYPED_TEST(PoolingLayerTest, MatchesTheDefinitionOnRandomOptions) {
  typedef typename TypeParam::Dtype Dtype;
  for (int seed = 0; seed < 120; ++seed) {
    Rng rng(seed, 1);
    auto draw = [&rng](int low, int high) {
      return low + static_cast<int>(rng.Below(high - low + 1));
    };
    const int kh = draw(1, 4), kw = draw(1, 4), sh = draw(1, 3),
              sw = draw(1, 3), ph = draw(0, kh - 1), pw = draw(0, kw - 1);
    const int height = draw(kh, 17), width = draw(kw, 17);
    const bool is_max = seed % 2 == 0;
    std::ostringstream options;
    options << "pool: " << (is_max ? "MAX" : "AVE") << " kernel_h: " << kh
            << " kernel_w: " << kw << " stride_h: " << sh
            << " stride_w: " << sw << " pad_h: " << ph << " pad_w: " << pw;
    SCOPED_TRACE(options.str());
    Blob<Dtype> x(2, 3, height, width), y, mask;
    this->Fill(seed, &x);
    PoolingLayer<Dtype> layer(PoolParam(options.str()));
    vector<Blob<Dtype>*> tops = {&y};
    if (is_max) { tops.push_back(&mask); }
    layer.SetUp({&x}, tops);
    layer.Forward({&x}, tops);
    for (int i = 0; i < y.count(); ++i) {
      const int top = i / y.width() % y.height() * sh - ph;
      const int left = i % y.width() * sw - pw;
      const int plane = i / y.count(2);
      const Dtype* from = x.cpu_data() + plane * height * width;
      double sum = 0, size = 0;
      int best = -1;
      for (int r = top; r < top + kh; ++r) {
        for (int q = left; q < left + kw; ++q) {
          size += r < height + ph && q < width + pw;
          if (r < 0 || q < 0 || r >= height || q >= width) { continue; }
          sum += from[r * width + q];
          if (best < 0 || from[r * width + q] > from[best]) {
            best = r * width + q;
          }
        }
      }
      if (is_max) {
        ASSERT_EQ(from[best], y.cpu_data()[i]) << i;
        ASSERT_EQ(Dtype(best), mask.cpu_data()[i]) << i;
      } else {
        ASSERT_NEAR(sum / size, y.cpu_data()[i], 1e-5) << i;
      }
    }
  }
}

TYPED_TEST(PoolingLayerTest, GradientsOfEveryOptionHold) {
  typedef typename TypeParam::Dtype Dtype;
  const char* const cases[] = {
      "kernel_size: 2 stride: 2", "kernel_size: 3 stride: 2",
      "kernel_size: 3 stride: 1 pad: 1", "kernel_h: 1 kernel_w: 3",
      "global_pooling: true"};
  for (const char* options : cases) {
    for (const char* pool : {" pool: MAX", " pool: AVE"}) {
      SCOPED_TRACE(string(options) + pool);
      Blob<Dtype> x(2, 3, 6, 4), y;
      this->Fill(2, &x);
      PoolingLayer<Dtype> layer(PoolParam(string(options) + pool));
      GradientChecker<Dtype> checker;
      checker.CheckGradientExhaustive(&layer, {&x}, {&y});
    }
  }
}

TYPED_TEST(PoolingLayerTest, OfEqualMaximaTheFirstGetsTheGradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (const char* options :
       {"kernel_size: 2 stride: 2", "kernel_size: 2 stride: 2 pad: 1"}) {
    Blob<Dtype> x(1, 1, 4, 4), y;
    std::fill_n(x.mutable_cpu_data(), x.count(), Dtype(3));
    PoolingLayer<Dtype> layer(PoolParam(options));
    layer.SetUp({&x}, {&y});
    layer.Forward({&x}, {&y});
    std::fill_n(y.mutable_cpu_diff(), y.count(), Dtype(1));
    layer.Backward({&y}, {true}, {&x});
    const bool padded = y.height() == 3;
    EXPECT_EQ(Dtype(1), x.diff_at(0, 0, 0, 0));
    EXPECT_EQ(Dtype(padded ? 1 : 0), x.diff_at(0, 0, 0, 1));
    EXPECT_EQ(Dtype(0), x.diff_at(0, 0, 0, padded ? 2 : 3));
    EXPECT_EQ(Dtype(padded ? 9 : 4), x.asum_diff());
  }
}

TYPED_TEST(PoolingLayerTest, NotANumberPasses) {
  typedef typename TypeParam::Dtype Dtype;
  for (int bad = 0; bad < 4; ++bad) {
    for (const char* options :
         {"kernel_size: 2 stride: 2", "kernel_size: 2 stride: 3"}) {
      Blob<Dtype> x(1, 1, 2, 2), y;
      this->Fill(1, &x);
      x.mutable_cpu_data()[bad] = std::numeric_limits<Dtype>::quiet_NaN();
      PoolingLayer<Dtype> layer(PoolParam(options));
      layer.SetUp({&x}, {&y});
      layer.Forward({&x}, {&y});
      EXPECT_TRUE(std::isnan(y.cpu_data()[0])) << bad;
    }
  }
}

TYPED_TEST(PoolingLayerTest, WrongOptionsSayWhatIsWanted) {
  EXPECT_EQ("pooling_param: kernel_size is left out", this->ErrorOf(""));
  EXPECT_EQ("pooling_param: kernel_h is left out beside kernel_w",
            this->ErrorOf("kernel_w: 2"));
  EXPECT_EQ("pooling_param: stride is 0; wanted 1 to 8192",
            this->ErrorOf("kernel_size: 2 stride: 0"));
  EXPECT_EQ("pooling_param: kernel_size is 0; wanted 1 to 8192",
            this->ErrorOf("kernel_size: 0"));
  EXPECT_EQ("pooling_param: pad 2x2 is not smaller than the kernel 2x2",
            this->ErrorOf("kernel_size: 2 pad: 2"));
  EXPECT_EQ("kernel 9x9 is larger than its padded input 7x7",
            this->ErrorOf("kernel_size: 9 pad: 1 stride: 2"));
  EXPECT_EQ("pooling_param: pool STOCHASTIC is not supported; wanted MAX or "
            "AVE", this->ErrorOf("kernel_size: 2 pool: STOCHASTIC"));
  EXPECT_EQ("pooling_param: a kernel is given beside global_pooling; wanted "
            "one of the two",
            this->ErrorOf("kernel_size: 2 global_pooling: true"));
  EXPECT_EQ("pooling_param: global_pooling goes with stride 1 only",
            this->ErrorOf("stride: 2 global_pooling: true"));
  EXPECT_EQ("has 2 tops; a mask of the maxima goes with pool MAX only",
            this->ErrorOf("kernel_size: 2 pool: AVE", 2));
}

}  // namespace caffe
