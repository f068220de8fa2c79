// What the tests of IdentityData share: people on disk, and a layer that reads
// them.
#ifndef TERCET_TEST_LAYERS_IDENTITY_DATA_FIXTURE_HPP_
#define TERCET_TEST_LAYERS_IDENTITY_DATA_FIXTURE_HPP_

#include <string>
#include <vector>

#include "caffe/layers/identity_data_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"

namespace caffe {

template <typename TypeParam>
class IdentityDataFixture : public MultiDeviceTest<TypeParam> {
  typedef typename TypeParam::Dtype Dtype;

 protected:
  // s1, s2, ... with `images` flat gray pictures of 3 x 4 each; the value of
  // picture k of the i-th (from 0) is 10 i + k.
  void WritePeople(int people, int images) {
    for (int i = 0; i < people; ++i) {
      for (int k = 0; k < images; ++k) {
        folder_.WriteFlat("faces/s" + std::to_string(i + 1) + "/" +
                              std::to_string(k) + ".pgm",
                          3, 4, 1, 10 * i + k);
      }
    }
  }
  // `options` go into identity_data_param, `rest` into the layer.
  shared_ptr<Layer<Dtype>> Build(const string& options,
                                 const string& rest = "",
                                 const string& source = "faces") {
    LayerParameter param;
    CHECK(google::protobuf::TextFormat::ParseFromString(
        "identity_data_param { source: '" + (folder_ / source) + "' " +
            options + " } " + rest,
        &param));
    shared_ptr<Layer<Dtype>> layer(new IdentityDataLayer<Dtype>(param));
    layer->SetUp({}, tops_);
    return layer;
  }
  string BuildError(const string& options, const string& rest = "",
                    const string& source = "faces") {
    return InputError([&] { Build(options, rest, source); });
  }
  // The values of the next batch, labels after data.
  vector<Dtype> NextBatch(Layer<Dtype>* layer) {
    layer->Forward({}, tops_);
    vector<Dtype> values;
    for (const Blob<Dtype>* top : tops_) {
      values.insert(values.end(), top->cpu_data(),
                    top->cpu_data() + top->count());
    }
    return values;
  }

  ImageFolder folder_;
  Blob<Dtype> data_, label_;
  vector<Blob<Dtype>*> tops_{&data_, &label_};
};

}  // namespace caffe

#endif  // TERCET_TEST_LAYERS_IDENTITY_DATA_FIXTURE_HPP_
