// EmbeddingFeed: what a solver hands to a data layer is of the right people,
// once a pass, and a blob that cannot be it is refused with the layer's place.

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "caffe/sampling/class_means.hpp"
#include "solver/embedding_feed.hpp"
#include "caffe/test/fixture.hpp"
#include "test/data/image_files.hpp"
#include "test/solver/solver_nets.hpp"

namespace caffe {

template <typename TypeParam>
class EmbeddingFeedTest : public MultiDeviceTest<TypeParam> {
  typedef typename TypeParam::Dtype Dtype;

 protected:
  EmbeddingFeedTest() {
    for (int person = 0; person < 4; ++person) {
      for (int image = 0; image < 2; ++image) {
        folder_.WriteFlat("faces/p" + std::to_string(person) + "/" +
                              std::to_string(image) + ".pgm",
                          2, 2, 1, 1 + 10 * person + image);
      }
    }
  }

  // The embedding of an image is 4 times its value, and -4 times.
  SolverParameter Param(const string& blob, const string& more = "") const {
    const string net =
        "layer { name: 'data' type: 'IdentityData' top: 'data' top: 'label'\n"
        " identity_data_param { source: '" + (folder_ / "faces") + "'"
        " images_per_identity: 2 identities_per_batch: 2"
        " hard_identities { embedding: '" + blob + "' rate: 0.5 } } }\n"
        "layer { name: 'plus' type: 'InnerProduct' bottom: 'data' top: 'plus'"
        " param { lr_mult: 0 } inner_product_param { num_output: 1"
        " bias_term: false weight_filler { value: 1 } } }\n"
        "layer { name: 'minus' type: 'Power' bottom: 'plus' top: 'minus'"
        " power_param { scale: -1 } }\n"
        "layer { name: 'both' type: 'Concat' bottom: 'plus' bottom: 'minus'"
        " top: 'both' }\n"
        "layer { name: 'loss' type: 'EuclideanLoss' bottom: 'plus'"
        " bottom: 'label' top: 'loss' }\n"
        "layer { name: 'quiet' type: 'Silence' bottom: 'both' }\n";
    return ParseSolver("lr_policy: 'fixed' base_lr: 0.1 max_iter: 9 " + more,
                       net);
  }
  string RefusalOf(const string& blob) const {
    return InputError([&] { MakeSolver<Dtype>(Param(blob)); });
  }
  // The means that the train net's data layer has by now.
  static metric::ClassMeans MeansOf(Solver<Dtype>* solver) {
    LayerState state;
    solver->net()->layer_by_name("data")->SaveState(&state);
    metric::ClassMeans means(4, 1);
    means.Restore(state.class_means());
    return means;
  }

  ImageFolder folder_;
};

TYPED_TEST_SUITE(EmbeddingFeedTest, TestDtypesAndDevices);

TYPED_TEST(EmbeddingFeedTest, EachPersonGetsTheMeanOfHisRows) {
  typedef typename TypeParam::Dtype Dtype;
  const auto solver = MakeSolver<Dtype>(this->Param("both"));
  EXPECT_EQ(0, this->MeansOf(solver.get()).size());
  solver->Step(9);
  const metric::ClassMeans means = this->MeansOf(solver.get());
  ASSERT_EQ(2, means.size());
  for (int person = 0; person < 4; ++person) {
    ASSERT_TRUE(means.IsKnown(person));
    // Values 1 and 2, 11 and 12, ...
    const float mean = 4 * (1.5f + 10 * person);
    EXPECT_EQ(mean, means.means()[2 * person]) << person;
    EXPECT_EQ(-mean, means.means()[2 * person + 1]) << person;
  }
}

// Two passes an iteration, and both count.
TYPED_TEST(EmbeddingFeedTest, EachPassIsHandedOver) {
  typedef typename TypeParam::Dtype Dtype;
  const auto solver = MakeSolver<Dtype>(this->Param("both", "iter_size: 2"));
  std::map<int, int> seen;
  solver->Step(1);
  LayerState state;
  solver->net()->layer_by_name("data")->SaveState(&state);
  EXPECT_EQ(2u, state.cursor());
  // What the two batches hold, by a net of the same seed.
  const auto other = MakeSolver<Dtype>([&] {
    SolverParameter param = this->Param("both");
    param.set_random_seed(solver->param().random_seed());
    return param;
  }());
  for (int pass = 0; pass < 2; ++pass) {
    other->net()->Forward();
    const Blob<Dtype>& label = *other->net()->blob_by_name("label");
    for (int i = 0; i < 4; ++i) ++seen[static_cast<int>(label.cpu_data()[i])];
  }
  const metric::ClassMeans means = this->MeansOf(solver.get());
  for (int person = 0; person < 4; ++person) {
    EXPECT_EQ(seen[person] > 0, means.IsKnown(person)) << person;
  }
}

TYPED_TEST(EmbeddingFeedTest, BlobsThatAreNoEmbeddingsAreRefused) {
  ExpectHas(this->RefusalOf("bot"),
            "net.prototxt:1: layer 'data' (IdentityData): the net has no blob "
            "'bot'; did you mean 'both'? (have: data");
  ExpectHas(this->RefusalOf("label"),
            "net.prototxt:1: layer 'data' (IdentityData): hard_identities: "
            "blob 'label' is of shape 4 (4); wanted a row for each of the "
            "batch's 4 images");
  ExpectHas(this->RefusalOf("loss"), "blob 'loss' is of shape");
}

}  // namespace caffe
