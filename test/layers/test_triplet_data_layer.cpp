// TripletData: lists and folders to batches laid out anchors, positives,
// negatives.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/layers/triplet_data_layer.hpp"
#include "caffe/test/fixture.hpp"
#include "google/protobuf/text_format.h"
#include "test/data/image_files.hpp"

namespace caffe {

template <typename TypeParam>
class TripletDataLayerTest : public MultiDeviceTest<TypeParam> {
  typedef typename TypeParam::Dtype Dtype;

 protected:
  // Flat gray pictures of 2 x 3: picture k of person i has the value 10 i + k.
  void WritePeople(const vector<int>& images) {
    for (size_t i = 0; i < images.size(); ++i) {
      for (int k = 0; k < images[i]; ++k) {
        folder_.WriteFlat("faces/s" + std::to_string(i + 1) + "/" +
                              std::to_string(k) + ".pgm",
                          2, 3, 1, static_cast<int>(10 * i + k));
      }
    }
  }
  // A list of n lines; line i holds pictures of values 3 i, 3 i + 1, 3 i + 2.
  void WriteList(int n) {
    string list;
    for (int i = 0; i < 3 * n; ++i) {
      const string name = "in/" + std::to_string(i) + ".pgm";
      folder_.WriteFlat(name, 2, 3, 1, i);
      list += name + (i % 3 == 2 ? "\n" : " ");
    }
    folder_.Write("list.txt", list);
  }
  shared_ptr<Layer<Dtype>> Build(const string& source, const string& options,
                                 const string& rest = "") {
    LayerParameter param;
    CHECK(google::protobuf::TextFormat::ParseFromString(
        "triplet_data_param { source: '" + (folder_ / source) + "' " +
            options + " } " + rest,
        &param));
    shared_ptr<Layer<Dtype>> layer(new TripletDataLayer<Dtype>(param));
    layer->SetUp({}, tops_);
    return layer;
  }
  string BuildError(const string& source, const string& options) {
    return InputError([&] { Build(source, options); });
  }
  // The value of each row of the next batch.
  vector<int> NextRows(Layer<Dtype>* layer) {
    layer->Forward({}, tops_);
    vector<int> rows;
    for (int i = 0; i < data_.num(); ++i) {
      rows.push_back(static_cast<int>(data_.data_at(i, 0, 1, 2)));
    }
    return rows;
  }

  ImageFolder folder_;
  Blob<Dtype> data_, label_;
  vector<Blob<Dtype>*> tops_{&data_};
};

TYPED_TEST_SUITE(TripletDataLayerTest, TestDtypesAndDevices);

TYPED_TEST(TripletDataLayerTest, ListInItsOrder) {
  this->WriteList(5);
  const auto layer = this->Build("list.txt", "batch_size: 2 shuffle: false");
  EXPECT_EQ((vector<int>{6, 1, 2, 3}), this->data_.shape());
  EXPECT_EQ((vector<int>{0, 3, 1, 4, 2, 5}), this->NextRows(layer.get()));
  EXPECT_EQ((vector<int>{6, 9, 7, 10, 8, 11}), this->NextRows(layer.get()));
  EXPECT_EQ((vector<int>{12, 0, 13, 1, 14, 2}), this->NextRows(layer.get()));
}

TYPED_TEST(TripletDataLayerTest, ShuffledListHasEachLineOnceAnEpoch) {
  this->WriteList(6);
  const auto layer = this->Build("list.txt", "batch_size: 3");
  std::set<vector<int>> orders;
  for (int epoch = 0; epoch < 6; ++epoch) {
    vector<int> order;
    for (int b = 0; b < 2; ++b) {
      const vector<int> rows = this->NextRows(layer.get());
      for (int t = 0; t < 3; ++t) {
        EXPECT_EQ(0, rows[t] % 3);
        EXPECT_EQ(rows[t] + 1, rows[3 + t]);
        EXPECT_EQ(rows[t] + 2, rows[6 + t]);
        order.push_back(rows[t]);
      }
    }
    EXPECT_EQ(6u, std::set<int>(order.begin(), order.end()).size());
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 3u);
}

TYPED_TEST(TripletDataLayerTest, FolderGivesTrueTripletsWithLabels) {
  this->WritePeople({3, 1, 2, 4});
  this->tops_.push_back(&this->label_);
  const auto layer = this->Build("faces", "batch_size: 3");
  EXPECT_EQ((vector<int>{9}), this->label_.shape());
  std::set<int> anchors;
  for (int b = 0; b < 3; ++b) {
    const vector<int> rows = this->NextRows(layer.get());
    for (int t = 0; t < 3; ++t) {
      EXPECT_EQ(rows[t] / 10, rows[3 + t] / 10);
      EXPECT_NE(rows[t], rows[3 + t]);
      EXPECT_NE(rows[t] / 10, rows[6 + t] / 10);
      anchors.insert(rows[t]);
    }
    for (int i = 0; i < 9; ++i) {
      EXPECT_EQ(rows[i] / 10, this->label_.cpu_data()[i]);
    }
  }
  EXPECT_EQ(9u, anchors.size());
}

TYPED_TEST(TripletDataLayerTest, PhasesShareNoPerson) {
  this->WritePeople({2, 2, 2, 2, 2});
  std::map<string, std::set<int>> people;
  for (const string phase : {"TRAIN", "TEST"}) {
    const auto layer = this->Build(
        "faces", "batch_size: 8 split { fold: 1 of: 2 }", "phase: " + phase);
    for (const int value : this->NextRows(layer.get())) {
      people[phase].insert(value / 10);
    }
  }
  EXPECT_EQ((std::set<int>{0, 2, 4}), people["TRAIN"]);
  EXPECT_EQ((std::set<int>{1, 3}), people["TEST"]);
}

TYPED_TEST(TripletDataLayerTest, LinesWithABrokenImageAreSkipped) {
  for (const string broken : {"3", "4", "5"}) {
    this->WriteList(3);
    this->folder_.Write("in/" + broken + ".pgm", "P2 3 2 255 1");
    testing::internal::CaptureStderr();
    const auto layer =
        this->Build("list.txt", "batch_size: 2 shuffle: false broken: SKIP");
    ExpectHas(testing::internal::GetCapturedStderr(),
              "left out 1 of 9 images that cannot be read; ");
    for (int b = 0; b < 2; ++b) {
      EXPECT_EQ((vector<int>{0, 6, 1, 7, 2, 8}), this->NextRows(layer.get()));
    }
  }
}

TYPED_TEST(TripletDataLayerTest, GoesOnWhereTheStateWasSaved) {
  this->WritePeople({3, 1, 2, 4});
  this->WriteList(7);
  for (const string source : {"faces", "list.txt"}) {
    const auto layer = this->Build(source, "batch_size: 2 threads: 1");
    for (int b = 0; b < 5; ++b) this->NextRows(layer.get());
    LayerState state;
    layer->SaveState(&state);
    EXPECT_EQ(5u, state.cursor());
    const auto resumed =
        this->Build(source, "batch_size: 2 threads: 4 prefetch: 7");
    resumed->LoadState(state);
    for (int b = 0; b < 12; ++b) {
      EXPECT_EQ(this->NextRows(layer.get()), this->NextRows(resumed.get()))
          << source << " batch " << b;
    }
  }
}

TYPED_TEST(TripletDataLayerTest, SeedDecides) {
  this->WriteList(20);
  Caffe::set_random_seed(1);
  const auto one = this->Build("list.txt", "batch_size: 20");
  const vector<int> rows = this->NextRows(one.get());
  Caffe::set_random_seed(1);
  const auto same = this->Build("list.txt", "batch_size: 20");
  EXPECT_EQ(rows, this->NextRows(same.get()));
  Caffe::set_random_seed(2);
  const auto other = this->Build("list.txt", "batch_size: 20");
  EXPECT_NE(rows, this->NextRows(other.get()));
}

TYPED_TEST(TripletDataLayerTest, ABrokenImageIsNamed) {
  this->WriteList(2);
  this->folder_.Write("in/4.pgm", "P5 3 2 255\nabc");
  const auto layer = this->Build("list.txt", "batch_size: 2");
  ExpectHas(InputError([&] { this->NextRows(layer.get()); }),
            "in/4.pgm: PNM is truncated: 3 x 2 pixels take 6 bytes, found 3");
}

TYPED_TEST(TripletDataLayerTest, BadOptionsAreRefused) {
  this->WriteList(2);
  this->WritePeople({1, 1});
  ExpectHas(this->BuildError("list.txt", ""),
            "batch_size is 0 (it is left out); wanted 1 to");
  ExpectHas(this->BuildError("list.txt", "batch_size: 4294967295"),
            "batch_size is 4294967295; wanted 1 to");
  ExpectHas(this->BuildError("list.txt", "batch_size: 1 split { of: 2 }"),
            "split shares out people");
  ExpectHas(this->BuildError("no.txt", "batch_size: 1"),
            "no.txt: no such folder or list file");
  ExpectHas(this->BuildError("faces", "batch_size: 1"),
            "faces: triplets take a person with at least 2 images");
  this->folder_.Write("bad.txt", "in/1.pgm in/2.pgm in/3.pgm\nin/1.pgm\n");
  ExpectHas(this->BuildError("bad.txt", "batch_size: 1"),
            "bad.txt:2: found 1 words; wanted `anchor positive negative`");
  this->tops_.push_back(&this->label_);
  ExpectHas(this->BuildError("list.txt", "batch_size: 1"),
            "is a list of triplets, which has none");
}

}  // namespace caffe
