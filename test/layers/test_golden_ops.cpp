// One-layer nets against stored outputs of an independent float64 forward
// pass, which BVLC Caffe agrees with. Skips where the data is absent.
#include <string>

#include "caffe/test/fixture.hpp"
#include "test/layers/golden.hpp"

namespace caffe {
namespace {

class GoldenOps : public ::testing::TestWithParam<string> {};

template <typename Dtype>
void CheckOp(const string& folder, double tolerance) {
  const auto net = LoadGolden<Dtype>(folder);
  net->Forward();
  ExpectGolden(folder + "/ref64_y.npy", *net->blob_by_name("y"), tolerance);
}

TEST_P(GoldenOps, EqualTheReference) {
  TERCET_SHARED_OR_SKIP(folder, "golden/ops/" + GetParam());
  NetParameter param;
  ReadNetFromPrototxt(folder + "/deploy.prototxt", &param);
  const string missing = MissingType(param);
  if (!missing.empty()) GTEST_SKIP() << "there is no layer type " << missing;
  CheckOp<float>(folder, 1e-5);
  // Weights and inputs are stored as float, the reference's sums are double.
  CheckOp<double>(folder, 1e-6);
  if (Caffe::DeviceCount() == 0) return;
  Caffe::set_mode(Caffe::GPU);
  CheckOp<float>(folder, 1e-5);
  Caffe::set_mode(Caffe::CPU);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenOps,
                         ::testing::ValuesIn(GoldenCases("golden/ops")),
                         GoldenName);

}  // namespace
}  // namespace caffe
