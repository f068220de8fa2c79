// What the golden tests share: a net read from a golden folder, its inputs and
// weights, and the comparison with a stored array.
#ifndef TERCET_TEST_LAYERS_GOLDEN_HPP_
#define TERCET_TEST_LAYERS_GOLDEN_HPP_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "caffe/net.hpp"
#include "test/data/shared_data.hpp"
#include "data/npy.hpp"
#include "net/prototxt.hpp"

namespace caffe {

// The names of the folders in a shared folder, in order; "absent" alone where
// there is none, so that a test of it can skip with a line.
inline vector<string> GoldenCases(const string& relative) {
  vector<string> names;
  const string root = SharedData(relative);
  if (!root.empty()) {
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (entry.is_directory()) {
        names.push_back(entry.path().filename().string());
      }
    }
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) names.push_back("absent");
  return names;
}

// A test's name for a case: gtest allows letters, digits and underscores.
inline string GoldenName(const ::testing::TestParamInfo<string>& info) {
  string name = info.param;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

// The first layer type of a net that this library lacks, or "".
inline string MissingType(const NetParameter& net) {
  const vector<string> known = LayerRegistry<float>::LayerTypeList();
  for (const LayerParameter& layer : net.layer()) {
    if (std::find(known.begin(), known.end(), layer.type()) == known.end()) {
      return layer.type();
    }
  }
  return "";
}

// The net of a golden folder in its TEST phase, with weights and inputs.
template <typename Dtype>
std::unique_ptr<Net<Dtype>> LoadGolden(const string& folder) {
  std::unique_ptr<Net<Dtype>> net(
      new Net<Dtype>(folder + "/deploy.prototxt", TEST));
  if (!net->params().empty()) {
    net->CopyTrainedLayersFrom(folder + "/model.caffemodel");
  }
  for (int i = 0; i < net->num_inputs(); ++i) {
    const string name = net->blob_names()[net->input_blob_indices()[i]];
    const NpyArray<Dtype> array =
        ReadNpy<Dtype>(folder + "/input_" + name + ".npy");
    Blob<Dtype>* input = net->input_blobs()[i];
    EXPECT_EQ(array.shape, input->shape()) << name;
    std::copy(array.data.begin(), array.data.end(), input->mutable_cpu_data());
  }
  return net;
}

// Expects the values of a blob to be those of a file, within `tolerance` of
// the largest one.
template <typename Dtype>
void ExpectGolden(const string& file, const Blob<Dtype>& blob,
                  double tolerance) {
  const NpyArray<double> want = ReadNpy<double>(file);
  ASSERT_EQ(want.shape, blob.shape()) << file;
  double largest = 0, worst = 0;
  const Dtype* got = blob.cpu_data();
  for (int i = 0; i < blob.count(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << file << " index " << i;
    largest = std::max(largest, std::fabs(want.data[i]));
    worst = std::max(worst, std::fabs(want.data[i] - got[i]));
  }
  EXPECT_LE(worst, tolerance * largest)
      << file << ": the largest value is " << largest;
}

}  // namespace caffe

#endif  // TERCET_TEST_LAYERS_GOLDEN_HPP_
