// Times mining in the batch, forward + backward, on the embeddings of P people
// with K images each, over several repetitions, and prints one JSON object.
#include <gflags/gflags.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/common.hpp"
#include "caffe/common.hpp"
#include "caffe/mining/mining.hpp"
#include "caffe/util/math_functions.hpp"
#include "caffe/util/rng.hpp"

DEFINE_int32(people, 64, "P");
DEFINE_int32(images, 8, "K; the batch is B = P K");
DEFINE_int32(dim, 128, "D");
DEFINE_string(mining, "BATCH_HARD",
              "BATCH_ALL, BATCH_HARD, SEMI_HARD, DISTANCE_WEIGHTED or RANDOM");
DEFINE_double(margin, 0.2, "the margin");
DEFINE_int32(repetitions, 9, "repetitions, after one that does not count");
DEFINE_double(seconds, 0.05, "the least length of a repetition");
DEFINE_int32(threads, 0, "threads; 0: as many as there are processors");
DEFINE_string(commit, "", "the commit, for the record");

namespace {

using caffe::metric::Mining;

// Unit rows around one point a person.
std::vector<float> Embeddings(int P, int K, int D) {
  caffe::Rng rng(1);
  std::vector<float> x(static_cast<size_t>(P) * K * D), centre(D);
  for (int i = 0; i < P * K; ++i) {
    double square = 0;
    for (int k = 0; k < D; ++k) {
      if (i % K == 0) {
        centre[k] = static_cast<float>(rng.Uniform(-0.6, 0.6));
      }
      float& value = x[static_cast<size_t>(i) * D + k];
      value = centre[k] + static_cast<float>(rng.Uniform(-0.84, 0.84));
      square += value * value;
    }
    for (int k = 0; k < D; ++k) {
      x[static_cast<size_t>(i) * D + k] /= std::sqrt(square);
    }
  }
  return x;
}

class Run {
 public:
  explicit Run(Mining mining)
      : B_(FLAGS_people * FLAGS_images),
        D_(FLAGS_dim),
        x_(Embeddings(FLAGS_people, FLAGS_images, FLAGS_dim)),
        labels_(B_),
        dx_(x_.size()) {
    for (int i = 0; i < B_; ++i) labels_[i] = i / FLAGS_images;
    options_.mining = mining;
    options_.margin = FLAGS_margin;
    options_.normalization = caffe::metric::Normalization::kValid;
  }
  // Forward and Backward; the loss.
  double Pass() {
    const caffe::metric::MiningResult result = caffe::metric::MiningForward(
        options_, x_.data(), labels_.data(), 0, B_, D_, 1, &batch_);
    caffe::metric::MiningBackward(options_, x_.data(),
                                  static_cast<float>(result.factor), &batch_,
                                  dx_.data());
    return result.loss;
  }

 private:
  const int B_;
  const int D_;
  const std::vector<float> x_;
  std::vector<float> labels_;
  std::vector<float> dx_;
  caffe::metric::MiningOptions options_;
  caffe::metric::MiningBatch<float> batch_;
};

void Print(const std::vector<double>& ms, double loss,
           const std::string& command) {
  std::cout << "{\n  \"benchmark\": \"mining, forward + backward\",\n"
            << "  \"mining\": \"" << FLAGS_mining << "\",\n"
            << "  \"people\": " << FLAGS_people
            << ", \"images\": " << FLAGS_images << ", \"batch\": "
            << FLAGS_people * FLAGS_images << ", \"dim\": " << FLAGS_dim
            << ",\n  \"command\": \"" << command << "\",\n"
            << "  \"commit\": \"" << FLAGS_commit << "\",\n"
            << "  \"date\": \"" << bench::Date() << "\",\n"
            << "  \"machine\": \"" << bench::Processor() << "\",\n"
            << "  \"processors\": " << std::thread::hardware_concurrency()
            << ", \"threads\": " << caffe::Caffe::threads()
            << ",\n  \"loss\": " << loss
            << ",\n  \"ms_per_pass\": {\"median\": " << bench::Quantile(ms, 0.5)
            << ", \"best\": " << bench::Quantile(ms, 0)
            << ", \"worst\": " << bench::Quantile(ms, 1)
            << "}\n}\n";
}

int Measure(const std::string& command) {
  const std::vector<std::string> names = {"BATCH_ALL", "BATCH_HARD",
                                          "SEMI_HARD", "DISTANCE_WEIGHTED",
                                          "RANDOM"};
  const auto name = std::find(names.begin(), names.end(), FLAGS_mining);
  if (name == names.end() || FLAGS_people < 1 || FLAGS_images < 1 ||
      FLAGS_dim < 1 || FLAGS_repetitions < 1) {
    std::cerr << "usage: bench_mining [--mining=BATCH_HARD] [--people=64] "
                 "[--images=8] [--dim=128] [--repetitions=9] [--threads=N] "
                 "[--commit=ID]\n";
    return 2;
  }
  if (FLAGS_threads > 0) caffe::Caffe::set_threads(FLAGS_threads);
  Run run(static_cast<Mining>(name - names.begin()));
  run.Pass();
  const double start = bench::Seconds();
  double loss = run.Pass();
  const int passes =
      1 + static_cast<int>(FLAGS_seconds / (bench::Seconds() - start));
  std::vector<double> ms;
  for (int r = 0; r <= FLAGS_repetitions; ++r) {
    const double begin = bench::Seconds();
    for (int i = 0; i < passes; ++i) loss = run.Pass();
    if (r > 0) ms.push_back(1e3 * (bench::Seconds() - begin) / passes);
  }
  Print(ms, loss, command);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = bench::Command(argc, argv);
  caffe::UseBestBlasCore();
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  try {
    return Measure(command);
  } catch (const caffe::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.exit_code();
  }
}
