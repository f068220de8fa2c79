// The nets and solvers in models/: each is read as it is, with its data from
// a small folder of made pictures in place of the user's, and run. Whether
// they learn anything is models/*/README.md's to say.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "data/transformer.hpp"
#include "caffe/net.hpp"
#include "caffe/sgd_solvers.hpp"
#include "caffe/solver_factory.hpp"
#include "net/prototxt.hpp"
#include "test/data/image_files.hpp"

namespace caffe {
namespace {

namespace fs = std::filesystem;

// Enough for a batch from one fold of five.
constexpr int kPeople = 30;
constexpr int kImages = 5;
constexpr int kPeopleInBatch = 4;
constexpr int kBatchTriplets = 6;

bool EndsIn(const string& text, const string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The files models/*/*END, sorted.
vector<string> ModelFiles(const string& end) {
  vector<string> files;
  const string folder = string(TERCET_SOURCE_DIR) + "/models";
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const string path = entry.path().string();
    if (entry.is_regular_file() && EndsIn(path, end)) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

string FileOf(const string& form) { return form.substr(0, form.find(':')); }

// Of "FILE:STAGE" the stage, empty for a plain file.
string StageOf(const string& form) {
  const size_t colon = form.find(':');
  return colon == string::npos ? "" : form.substr(colon + 1);
}

// The nets models/*/*END: a file, or, where the stage decides which of its
// layers are in, each "FILE:STAGE".
vector<string> ModelForms(const string& end) {
  vector<string> forms;
  for (const string& file : ModelFiles(end)) {
    NetParameter net;
    ReadNetFromPrototxt(file, &net);
    std::set<string> stages(net.state().stage().begin(),
                            net.state().stage().end());
    for (const LayerParameter& layer : net.layer()) {
      for (const NetStateRule& rule : layer.include()) {
        stages.insert(rule.stage().begin(), rule.stage().end());
      }
    }
    if (stages.empty()) forms.push_back(file);
    for (const string& stage : stages) forms.push_back(file + ":" + stage);
  }
  return forms;
}

// A net's test is named after its file and stage: "orl_deploy".
string TestName(const ::testing::TestParamInfo<string>& info) {
  const fs::path path(FileOf(info.param));
  string name = path.parent_path().filename().string() + "_" +
                path.stem().string();
  if (!StageOf(info.param).empty()) name += "_" + StageOf(info.param);
  for (char& c : name) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

class ModelsTest : public ::testing::TestWithParam<string> {
 protected:
  static void SetUpTestSuite() {
    faces_ = new ImageFolder;
    Rng rng(7, 0);
    Image image(24, 24, 1);
    for (int person = 0; person < kPeople; ++person) {
      for (int i = 0; i < kImages; ++i) {
        for (uint8_t& pixel : image.pixels) {
          pixel = static_cast<uint8_t>(rng.Below(256));
        }
        WriteImage(*faces_ / ("s" + std::to_string(person) + "/" +
                              std::to_string(i) + ".pgm"),
                   image);
      }
    }
  }
  static void TearDownTestSuite() {
    delete faces_;
    faces_ = nullptr;
  }

  void SetUp() override {
    Caffe::set_mode(Caffe::CPU);
    Caffe::set_random_seed(11);
  }

  // The net of a form, with the made faces as its data, and few in a batch.
  static NetParameter Read(const string& form) {
    NetParameter net;
    ReadNetFromPrototxt(FileOf(form), &net);
    if (!StageOf(form).empty()) {
      net.mutable_state()->clear_stage();
      net.mutable_state()->add_stage(StageOf(form));
    }
    for (int i = 0; i < net.layer_size(); ++i) {
      LayerParameter* layer = net.mutable_layer(i);
      if (layer->has_triplet_data_param()) {
        layer->mutable_triplet_data_param()->set_source(faces_->path());
        layer->mutable_triplet_data_param()->set_batch_size(kBatchTriplets);
      }
      if (layer->has_identity_data_param()) {
        layer->mutable_identity_data_param()->set_source(faces_->path());
        layer->mutable_identity_data_param()->set_identities_per_batch(
            kPeopleInBatch);
      }
    }
    return net;
  }

  static NetParameter InPhase(NetParameter net, Phase phase) {
    net.mutable_state()->set_phase(phase);
    return net;
  }

  static ImageFolder* faces_;
};

ImageFolder* ModelsTest::faces_ = nullptr;

bool AnyNonZero(const float* values, int count) {
  return std::any_of(values, values + count, [](float v) { return v != 0; });
}

// ------------------------------------------------------------- train_val

class TrainValTest : public ModelsTest {};

TEST_P(TrainValTest, TrainNetHasAFiniteLossAndGradientsEverywhere) {
  Net<float> net(InPhase(Read(GetParam()), TRAIN));
  const float loss = net.ForwardBackward();
  EXPECT_TRUE(std::isfinite(loss));
  EXPECT_GT(loss, 0);
  EXPECT_EQ("", net.FirstNonFinite());
  for (size_t i = 0; i < net.learnable_params().size(); ++i) {
    if (net.params_lr()[i] == 0) continue;
    const Blob<float>& blob = *net.learnable_params()[i];
    EXPECT_TRUE(AnyNonZero(blob.cpu_diff(), blob.count()))
        << "parameter " << i << " of shape " << blob.shape_string();
  }
}

TEST_P(TrainValTest, TestNetHasAFiniteLoss) {
  Net<float> train(InPhase(Read(GetParam()), TRAIN));
  train.Forward();
  Net<float> test(InPhase(Read(GetParam()), TEST));
  test.ShareTrainedLayersWith(&train);
  float loss = NAN;
  test.Forward(&loss);
  EXPECT_TRUE(std::isfinite(loss));
}

INSTANTIATE_TEST_SUITE_P(Models, TrainValTest,
                         ::testing::ValuesIn(ModelForms("train_val.prototxt")),
                         TestName);

// ---------------------------------------------------------------- deploy

class DeployTest : public ModelsTest {
 protected:
  // The train_val nets whose weights a deploy net takes: that of its own
  // prefix; a plain deploy.prototxt takes those without a deploy of their own.
  static vector<string> TrainVals(const string& deploy) {
    const fs::path folder = fs::path(deploy).parent_path();
    const string deploy_end = "deploy.prototxt";
    const string train_end = "train_val.prototxt";
    vector<string> found;
    for (const string& form : ModelForms(train_end)) {
      const string file = FileOf(form);
      if (fs::path(file).parent_path() != folder) continue;
      const string stem = file.substr(0, file.size() - train_end.size());
      const string own = stem + deploy_end;
      const bool plain = fs::path(deploy).filename() == deploy_end;
      if (own == deploy || (plain && !fs::exists(own))) found.push_back(form);
    }
    return found;
  }

  // The deploy net for weights of this form.
  static NetParameter DeployOf(const string& form) {
    return InPhase(Read(GetParam() + ":" + StageOf(form)), TEST);
  }
};

TEST_P(DeployTest, GivesAnEmbeddingOfLengthOne) {
  Net<float> net(InPhase(Read(GetParam()), TEST));
  ASSERT_EQ(1, net.num_inputs());
  ASSERT_EQ(1, net.num_outputs());
  Blob<float>* input = net.input_blobs()[0];
  Rng rng(3, 0);
  float* values = input->mutable_cpu_data();
  for (int i = 0; i < input->count(); ++i) values[i] = rng.Gaussian();
  net.Forward();
  const Blob<float>& output = *net.output_blobs()[0];
  ASSERT_EQ(input->shape(0), output.shape(0));
  for (int row = 0; row < output.shape(0); ++row) {
    const float* x = output.cpu_data() + row * output.count(1);
    double square = 0;
    for (int d = 0; d < output.count(1); ++d) square += double{x[d]} * x[d];
    EXPECT_NEAR(1, square, 1e-5) << "row " << row;
  }
}

TEST_P(DeployTest, TakesTheWeightsOfItsTrainingNets) {
  const vector<string> train_vals = TrainVals(GetParam());
  EXPECT_FALSE(train_vals.empty());
  for (const string& form : train_vals) {
    SCOPED_TRACE(form);
    Net<float> train(InPhase(Read(form), TRAIN));
    train.Forward();
    NetParameter weights;
    train.ToProto(&weights);
    Net<float> deploy(DeployOf(form));
    deploy.CopyTrainedLayersFrom(weights);
    for (size_t i = 0; i < deploy.layers().size(); ++i) {
      const auto& blobs = deploy.layers()[i]->blobs();
      if (blobs.empty()) continue;
      const string& name = deploy.layer_names()[i];
      ASSERT_TRUE(train.has_layer(name)) << name;
      const auto& trained = train.layer_by_name(name)->blobs();
      ASSERT_EQ(trained.size(), blobs.size()) << name;
      for (size_t b = 0; b < blobs.size(); ++b) {
        ASSERT_EQ(trained[b]->shape(), blobs[b]->shape()) << name;
        EXPECT_TRUE(std::equal(blobs[b]->cpu_data(),
                               blobs[b]->cpu_data() + blobs[b]->count(),
                               trained[b]->cpu_data()))
            << name << ", blob " << b;
      }
    }
  }
}

// What reaches the first convolution must be what the TEST phase of the
// training net gives it: the same size, mean and scale, and where both read
// images at one size, the same crop.
TEST_P(DeployTest, SeesAnImageAsItsTrainingNetsDo) {
  Net<float> deploy(InPhase(Read(GetParam()), TEST));
  ASSERT_TRUE(deploy.has_blob("data"));
  Blob<float>* input = deploy.input_blobs()[0];
  const Image image =
      Pattern(input->shape(2), input->shape(3), input->shape(1));
  Rng unused;
  const DataTransformer<float> whole(
      deploy.layers()[0]->layer_param().transform_param(), TEST);
  whole.Transform(image, &unused, input->mutable_cpu_data());
  deploy.Forward();
  const Blob<float>& seen = *deploy.blob_by_name("data");

  for (const string& form : TrainVals(GetParam())) {
    SCOPED_TRACE(form);
    Net<float> train(InPhase(Read(form), TEST));
    const LayerParameter& data = train.layers()[0]->layer_param();
    const int height = data.has_triplet_data_param()
                           ? data.triplet_data_param().new_height()
                           : data.identity_data_param().new_height();
    TransformationParameter transform = data.transform_param();
    if (height != input->shape(2)) transform.clear_crop_size();
    const DataTransformer<float> transformer(transform, TEST);
    vector<float> want(seen.count(1));
    const vector<int> shape = seen.shape();
    ASSERT_EQ(vector<int>(shape.begin() + 1, shape.end()),
              transformer.OutputShape(image.channels, image.height,
                                      image.width));
    train.Forward();
    const vector<int> made = train.blob_by_name("data")->shape();
    ASSERT_EQ(vector<int>(shape.begin() + 1, shape.end()),
              vector<int>(made.begin() + 1, made.end()));
    transformer.Transform(image, &unused, want.data());
    EXPECT_TRUE(std::equal(want.begin(), want.end(), seen.cpu_data()));
  }
}

// The place of the layer behind the one that makes `blob`.
int PlaceBehind(const Net<float>& net, const Blob<float>* blob) {
  for (size_t i = 0; i < net.layers().size(); ++i) {
    const auto& tops = net.top_vecs()[i];
    if (std::find(tops.begin(), tops.end(), blob) != tops.end()) return i + 1;
  }
  return net.layers().size();
}

// The net that is trained must be the one that is used: no layer too many or
// too few.
TEST_P(DeployTest, GivesTheEmbeddingsOfItsTrainingNets) {
  for (const string& form : TrainVals(GetParam())) {
    SCOPED_TRACE(form);
    Net<float> train(InPhase(Read(form), TRAIN));
    train.Forward();  // for BatchNorm's means
    NetParameter weights;
    train.ToProto(&weights);
    Net<float> test(InPhase(Read(form), TEST));
    test.CopyTrainedLayersFrom(weights);
    test.Forward();
    Net<float> deploy(DeployOf(form));
    deploy.CopyTrainedLayersFrom(weights);

    const Blob<float>& images = *test.blob_by_name("data");
    const Blob<float>& want = *test.blob_by_name("embedding");
    Blob<float>* seen = deploy.blob_by_name("data").get();
    const int rows = std::min(want.shape(0), seen->shape(0));
    std::copy_n(images.cpu_data(), rows * images.count(1),
                seen->mutable_cpu_data());
    deploy.ForwardFrom(PlaceBehind(deploy, seen));
    const Blob<float>& given = *deploy.output_blobs()[0];
    ASSERT_EQ(want.count(1), given.count(1));
    for (int i = 0; i < rows * want.count(1); ++i) {
      ASSERT_NEAR(want.cpu_data()[i], given.cpu_data()[i], 1e-5) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, DeployTest,
                         ::testing::ValuesIn(ModelFiles("deploy.prototxt")),
                         TestName);

// ---------------------------------------------------------------- solver

class SolverFileTest : public ModelsTest {};

TEST_P(SolverFileTest, TakesAStepOnItsNet) {
  SolverParameter param;
  ReadSolverFromPrototxt(GetParam(), &param);
  const fs::path folder = fs::path(GetParam()).parent_path();
  const fs::path net = folder / fs::path(param.net()).filename();
  ASSERT_TRUE(fs::exists(net)) << net;
  *param.mutable_net_param() = Read(net.string());
  param.clear_net();
  const ImageFolder out;
  param.set_snapshot_prefix(out / "weights");
  param.set_snapshot_after_train(false);
  param.clear_snapshot();
  param.set_solver_mode(SolverParameter::CPU);
  const std::unique_ptr<Solver<float>> solver(
      SolverRegistry<float>::CreateSolver(param));
  const shared_ptr<Blob<float>> first = solver->net()->layer_by_name(
      "conv1")->blobs()[0];
  const vector<float> before(first->cpu_data(),
                             first->cpu_data() + first->count());
  solver->Step(1);
  EXPECT_FALSE(std::equal(before.begin(), before.end(), first->cpu_data()));
}

INSTANTIATE_TEST_SUITE_P(Models, SolverFileTest,
                         ::testing::ValuesIn(ModelFiles("solver.prototxt")),
                         TestName);

}  // namespace
}  // namespace caffe
