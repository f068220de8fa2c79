// Times explicit triplets, forward + backward with all three gradients, over
// several repetitions, and prints one JSON object.
#include <gflags/gflags.h>

#include <cmath>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/common.hpp"
#include "caffe/blob.hpp"
#include "caffe/loss/triplet.hpp"
#include "caffe/util/math_functions.hpp"
#include "caffe/util/rng.hpp"

DEFINE_int32(triplets, 1024, "N");
DEFINE_int32(dim, 128, "D");
DEFINE_int32(repetitions, 11, "repetitions, after two that do not count");
DEFINE_double(seconds, 0.05, "the least length of a repetition");
DEFINE_int32(threads, 0, "threads; 0: as many as there are processors");
DEFINE_string(commit, "", "the commit, for the record");

namespace {

using caffe::Blob;
namespace metric = caffe::metric;

// Rows of even numbers, of which a good half makes active triplets.
class Run {
 public:
  Run(int N, int D) : rows_({N, metric::kTripletRowSize}) {
    options_.margin = 0.2;
    options_.normalization = metric::Normalization::kBatchSize;
    caffe::Rng rng(1);
    for (Blob<float>& x : x_) {
      x.Reshape({N, D});
      for (int k = 0; k < N * D; ++k) {
        x.mutable_cpu_data()[k] = static_cast<float>(rng.Uniform(-0.5, 0.5));
      }
      x.mutable_cpu_diff();
    }
    rows_.mutable_cpu_data();
  }
  // Forward and Backward; the loss.
  double Pass() {
    const int N = x_[0].shape(0), D = x_[0].shape(1);
    float loss, factor;
    double totals[metric::kTripletTotals];
    metric::TripletForward<float>(
        options_, x_[0].cpu_data(), x_[1].cpu_data(), x_[2].cpu_data(),
        nullptr, N, D, rows_.mutable_cpu_data(), &loss, &factor, totals);
    metric::TripletBackward<float>(
        options_, x_[0].cpu_data(), x_[1].cpu_data(), x_[2].cpu_data(),
        rows_.cpu_data(), factor, N, D, x_[0].mutable_cpu_diff(),
        x_[1].mutable_cpu_diff(), x_[2].mutable_cpu_diff());
    return loss;
  }

 private:
  metric::TripletOptions options_;
  Blob<float> x_[3], rows_;
};

void Print(const std::vector<double>& ms, double loss,
           const std::string& command) {
  std::cout << "{\n  \"benchmark\": \"triplets, forward + backward\",\n"
            << "  \"triplets\": " << FLAGS_triplets
            << ", \"dim\": " << FLAGS_dim << ",\n  \"command\": \"" << command
            << "\",\n  \"commit\": \"" << FLAGS_commit << "\",\n"
            << "  \"date\": \"" << bench::Date() << "\",\n"
            << "  \"machine\": \"" << bench::Processor() << "\",\n"
            << "  \"processors\": " << std::thread::hardware_concurrency()
            << ", \"threads\": " << caffe::Caffe::threads()
            << ",\n  \"loss\": " << loss << ",\n  \"ms_per_pass\": {\"median\": "
            << bench::Quantile(ms, 0.5)
            << ", \"best\": " << bench::Quantile(ms, 0)
            << ", \"worst\": " << bench::Quantile(ms, 1) << "}\n}\n";
}

int Measure(const std::string& command) {
  if (FLAGS_triplets < 1 || FLAGS_dim < 1 || FLAGS_repetitions < 1) {
    std::cerr << "usage: bench_triplet [--triplets=1024] [--dim=128] "
                 "[--repetitions=11] [--threads=N] [--commit=ID]\n";
    return 2;
  }
  if (FLAGS_threads > 0) caffe::Caffe::set_threads(FLAGS_threads);
  Run run(FLAGS_triplets, FLAGS_dim);
  run.Pass();
  const double start = bench::Seconds();
  double loss = run.Pass();
  const int passes =
      1 + static_cast<int>(FLAGS_seconds / (bench::Seconds() - start));
  std::vector<double> ms;
  for (int r = -2; r < FLAGS_repetitions; ++r) {
    const double begin = bench::Seconds();
    for (int i = 0; i < passes; ++i) loss = run.Pass();
    if (r >= 0) ms.push_back(1e3 * (bench::Seconds() - begin) / passes);
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
