// LRN: both regions against the formula written out, and its gradient.
#include "caffe/layers/lrn_layer.hpp"
#include "test/layers/layer_case.hpp"

namespace caffe {

template <typename TypeParam>
class LRNLayerTest : public MultiDeviceTest<TypeParam> {};

TYPED_TEST_SUITE(LRNLayerTest, TestDtypesAndDevices);

struct LrnSetting {
  int size;
  double alpha, beta, k;
  bool within;
};

string LrnText(const LrnSetting& s) {
  std::ostringstream text;
  text << "type: 'LRN' lrn_param { local_size: " << s.size
       << " alpha: " << s.alpha << " beta: " << s.beta << " k: " << s.k
       << (s.within ? " norm_region: WITHIN_CHANNEL }" : " }");
  return text.str();
}

template <typename Dtype>
vector<double> LrnReference(const LrnSetting& s, const Blob<Dtype>& x) {
  const int half = (s.size - 1) / 2;
  vector<double> y;
  for (int n = 0; n < x.num(); ++n) {
    for (int c = 0; c < x.channels(); ++c) {
      for (int h = 0; h < x.height(); ++h) {
        for (int w = 0; w < x.width(); ++w) {
          double sum = 0;
          for (int i = -half; i <= half; ++i) {
            for (int j = -half; j <= half; ++j) {
              if (!s.within && j != 0) continue;
              const int cc = s.within ? c : c + i;
              const int hh = s.within ? h + i : h;
              const int ww = s.within ? w + j : w;
              if (cc < 0 || cc >= x.channels() || hh < 0 || hh >= x.height() ||
                  ww < 0 || ww >= x.width()) {
                continue;
              }
              sum += std::pow(x.data_at(n, cc, hh, ww), 2);
            }
          }
          const double share = s.alpha / (s.within ? s.size * s.size : s.size);
          const double scale = (s.within ? 1 : s.k) + share * sum;
          y.push_back(x.data_at(n, c, h, w) * std::pow(scale, -s.beta));
        }
      }
    }
  }
  return y;
}

const LrnSetting kLrnSettings[] = {
    {5, 1, 0.75, 1, false},  {3, 0.5, 0.5, 2, false}, {1, 2, 1.25, 1, false},
    {15, 4, 0.75, 1, false}, {3, 1, 0.75, 1, true},   {5, 2, 0.5, 7, true},
    {9, 1, 1.25, 1, true}};

TYPED_TEST(LRNLayerTest, FollowsTheFormula) {
  typedef typename TypeParam::Dtype Dtype;
  for (const LrnSetting& setting : kLrnSettings) {
    SCOPED_TRACE(LrnText(setting));
    LayerCase<Dtype> layer_case(LrnText(setting), {{2, 7, 3, 5}});
    layer_case.Run();
    ExpectNear<Dtype>(LrnReference(setting, *layer_case.bottom()),
                      layer_case.TopData());
  }
}

TYPED_TEST(LRNLayerTest, Gradient) {
  typedef typename TypeParam::Dtype Dtype;
  for (const LrnSetting& setting : kLrnSettings) {
    SCOPED_TRACE(LrnText(setting));
    LayerCase<Dtype>(LrnText(setting), {{2, 7, 3, 5}}).CheckGradient();
  }
}

TYPED_TEST(LRNLayerTest, SameForAnyThreads) {
  typedef typename TypeParam::Dtype Dtype;
  for (const bool within : {false, true}) {
    ExpectSameForAnyThreads<Dtype>(LrnText({5, 1, 0.75, 1, within}),
                                   {{5, 13, 61, 67}});
  }
}

TYPED_TEST(LRNLayerTest, AnEvenWindowIsRefused) {
  typedef typename TypeParam::Dtype Dtype;
  EXPECT_EQ("local_size is 4; it must be odd, and from 1 to 4095",
            LayerCase<Dtype>("type: 'LRN' lrn_param { local_size: 4 }",
                             {{1, 2, 3, 3}})
                .InputError());
  EXPECT_EQ(
      "its bottom must have 4 axes (N x C x H x W); it is of shape 2 3 (6)",
      LayerCase<Dtype>("type: 'LRN'", {{2, 3}}).InputError());
}

}  // namespace caffe
