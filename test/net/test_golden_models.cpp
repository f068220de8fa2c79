// Whole public nets with their trained weights against stored outputs of an
// independent float64 forward pass, which BVLC Caffe agrees with, and layer by
// layer, so that the first layer that differs is named. Skips where the data
// is absent.
#include <fstream>
#include <sstream>
#include <string>

#include "caffe/test/fixture.hpp"
#include "test/layers/golden.hpp"

namespace caffe {
namespace {

class GoldenModels : public ::testing::TestWithParam<string> {};

// The index of a layer by name; -1: the net lacks it.
template <typename Dtype>
int LayerIndex(const Net<Dtype>& net, const string& name) {
  const auto& names = net.layer_names();
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

// Runs the net layer by layer and compares each top's sums with layers.tsv:
// layer, type, top, shape, sum, sum of absolute values, ... in the order of
// execution. Stops at the first layer that differs.
void CheckLayers(const string& folder, Net<float>* net) {
  std::ifstream file(folder + "/layers.tsv");
  ASSERT_TRUE(file.good()) << folder;
  int next = 0, checked = 0;
  for (string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    string layer, type, top, shape, sum, magnitude;
    for (string* field : {&layer, &type, &top, &shape, &sum, &magnitude}) {
      std::getline(fields, *field, '\t');
    }
    const int index = LayerIndex(*net, layer);
    if (index < next) continue;
    net->ForwardFromTo(next, index);
    next = index + 1;
    const Blob<float>& blob = *net->top_vecs()[index][0];
    double got_sum = 0, got_magnitude = 0;
    for (int i = 0; i < blob.count(); ++i) {
      got_sum += blob.cpu_data()[i];
      got_magnitude += std::fabs(blob.cpu_data()[i]);
    }
    const double want = std::stod(magnitude);
    ASSERT_NEAR(want, got_magnitude, 1e-4 * want) << "layer " << layer;
    ASSERT_NEAR(std::stod(sum), got_sum, 1e-4 * want) << "layer " << layer;
    ++checked;
  }
  EXPECT_GT(checked, 5) << folder;
}

// The stored outputs: ref64_NAME.npy, NAME a layer or a blob.
vector<string> OutputNames(const string& folder) {
  const string begin = "ref64_", end = ".npy";
  vector<string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const string file = entry.path().filename().string();
    if (file.compare(0, begin.size(), begin) != 0) continue;
    names.push_back(
        file.substr(begin.size(), file.size() - begin.size() - end.size()));
  }
  return names;
}

void CheckOutputs(const string& folder, double tolerance) {
  const auto net = LoadGolden<float>(folder);
  net->Forward();
  const vector<string> names = OutputNames(folder);
  EXPECT_FALSE(names.empty()) << folder;
  for (const string& name : names) {
    const int layer = LayerIndex(*net, name);
    const Blob<float>& blob = layer >= 0 ? *net->top_vecs()[layer][0]
                                         : *net->blob_by_name(name);
    ExpectGolden(folder + "/ref64_" + name + ".npy", blob, tolerance);
  }
}

TEST_P(GoldenModels, EqualTheReference) {
  TERCET_SHARED_OR_SKIP(folder, "golden/models/" + GetParam());
  NetParameter param;
  ReadNetFromPrototxt(folder + "/deploy.prototxt", &param);
  const string missing = MissingType(param);
  if (!missing.empty()) GTEST_SKIP() << "there is no layer type " << missing;
  CheckLayers(folder, LoadGolden<float>(folder).get());
  CheckOutputs(folder, 1e-5);
  if (Caffe::DeviceCount() == 0) return;
  Caffe::set_mode(Caffe::GPU);
  CheckOutputs(folder, 1e-5);
  Caffe::set_mode(Caffe::CPU);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenModels,
                         ::testing::ValuesIn(GoldenCases("golden/models")),
                         GoldenName);

// Eight aligned faces through MobileFaceNet: a batch of another size than the
// deploy net's.
TEST(GoldenFaces, EmbeddingsEqualTheReference) {
  TERCET_SHARED_OR_SKIP(folder, "golden/models/mobilefacenet_honghu");
  const auto net = LoadGolden<float>(folder);
  const string faces = folder + "/real_faces";
  const NpyArray<float> input = ReadNpy<float>(faces + "/input_data.npy");
  Blob<float>* data = net->input_blobs()[0];
  data->Reshape(input.shape);
  std::copy(input.data.begin(), input.data.end(), data->mutable_cpu_data());
  net->Forward();
  ExpectGolden(faces + "/ref64.npy", *net->output_blobs()[0], 1e-5);
}

}  // namespace
}  // namespace caffe
