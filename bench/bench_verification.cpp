// Times the pairs of n embeddings, from the rows to the figures: all distances,
// the curve with its figures, and the bootstrap over people. Prints one JSON
// object.
#include <gflags/gflags.h>
#include <sys/resource.h>

#include <cmath>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/common.hpp"
#include "caffe/common.hpp"
#include "caffe/evaluation/bootstrap.hpp"
#include "caffe/evaluation/verification.hpp"
#include "caffe/util/math_functions.hpp"
#include "caffe/util/rng.hpp"

DEFINE_int32(rows, 44722, "n; there are n (n - 1) / 2 pairs");
DEFINE_int32(images, 20, "images of each person");
DEFINE_int32(dim, 128, "D");
DEFINE_int32(groups, 1, "groups of people, such as folds");
DEFINE_int32(distance, 0, "0: squared L2, 1: L2, 2: cosine, 3: L1");
DEFINE_int32(replicates, 500, "of the bootstrap");
DEFINE_int32(threads, 0, "threads; 0: as many as there are processors");
DEFINE_string(commit, "", "the commit, for the record");

namespace {

using caffe::metric::RocCurve;
using caffe::metric::VerificationScores;

// Wall and CPU seconds of what was done since it was made.
class Clock {
 public:
  std::string Json() const {
    const double wall = bench::Seconds() - wall_;
    const double cpu = bench::Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_;
    return "{\"wall_s\": " + std::to_string(wall) +
           ", \"cpu_s\": " + std::to_string(cpu) + "}";
  }

 private:
  const double wall_ = bench::Seconds();
  const double cpu_ = bench::Seconds(CLOCK_PROCESS_CPUTIME_ID);
};

double PeakMib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024.;
}

// Unit rows around one point a person, so near each other that few are
// mistaken.
std::vector<float> Embeddings(int n, int D) {
  caffe::Rng rng(1);
  std::vector<float> x(static_cast<size_t>(n) * D), centre(D);
  for (int i = 0; i < n; ++i) {
    float* const row = &x[static_cast<size_t>(i) * D];
    double square = 0;
    for (int k = 0; k < D; ++k) {
      if (i % FLAGS_images == 0) {
        centre[k] = static_cast<float>(rng.Uniform(-1, 1));
      }
      row[k] = centre[k] + static_cast<float>(rng.Uniform(-1.2, 1.2));
      square += row[k] * row[k];
    }
    for (int k = 0; k < D; ++k) row[k] /= static_cast<float>(std::sqrt(square));
  }
  return x;
}

std::string Figures(const RocCurve& curve) {
  return "{\"auc\": " + std::to_string(curve.Auc()) +
         ", \"eer\": " + std::to_string(curve.EqualErrorRate().rate) +
         ", \"tar_at_far_1e-3\": " + std::to_string(curve.AtFar(1e-3).tar) +
         ", \"points\": " + std::to_string(curve.points().size()) + "}";
}

// The times are JSON, the peaks in MiB.
struct Measured {
  std::string scan, curve, bootstrap, figures;
  double rows_peak, scan_peak, peak;
};

Measured Measure() {
  const int n = FLAGS_rows;
  const std::vector<float> x = Embeddings(n, FLAGS_dim);
  std::vector<int> person(n), group(n);
  for (int i = 0; i < n; ++i) {
    person[i] = i / FLAGS_images;
    group[i] = person[i] % FLAGS_groups;
  }
  caffe::metric::VerificationOptions options;
  options.distance = static_cast<caffe::metric::Distance>(FLAGS_distance);
  options.groups = FLAGS_groups;
  Measured measured;
  measured.rows_peak = PeakMib();
  const Clock scan;
  const VerificationScores scores = caffe::metric::ScoreAllPairs(
      options, x.data(), person.data(), group.data(), n, FLAGS_dim);
  measured.scan = scan.Json();
  measured.scan_peak = PeakMib();
  const Clock curve;
  measured.figures = Figures(scores.Curve());
  measured.curve = curve.Json();
  caffe::metric::BootstrapOptions bootstrap;
  bootstrap.replicates = FLAGS_replicates;
  bootstrap.fars = {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
  bootstrap.thresholds.assign(FLAGS_groups, 1);
  const Clock intervals;
  caffe::metric::BootstrapVerification(bootstrap, scores, person.data(),
                                       group.data(), person[n - 1] + 1);
  measured.bootstrap = intervals.Json();
  measured.peak = PeakMib();
  return measured;
}

void Print(const Measured& measured, const std::string& command) {
  const int64_t n = FLAGS_rows;
  std::cout << "{\n  \"benchmark\": \"verification of all pairs\",\n"
            << "  \"rows\": " << n << ", \"dim\": " << FLAGS_dim
            << ", \"groups\": " << FLAGS_groups
            << ", \"pairs\": " << n * (n - 1) / 2
            << ",\n  \"command\": \"" << command << "\",\n"
            << "  \"commit\": \"" << FLAGS_commit << "\",\n"
            << "  \"date\": \"" << bench::Date() << "\",\n"
            << "  \"machine\": \"" << bench::Processor() << "\",\n"
            << "  \"processors\": " << std::thread::hardware_concurrency()
            << ", \"threads\": " << caffe::Caffe::threads()
            << ",\n  \"scan\": " << measured.scan
            << ",\n  \"curve\": " << measured.curve
            << ",\n  \"bootstrap\": " << measured.bootstrap
            << ", \"replicates\": " << FLAGS_replicates
            << ",\n  \"figures\": " << measured.figures
            << ",\n  \"peak_mib\": {\"rows\": " << measured.rows_peak
            << ", \"scan\": " << measured.scan_peak << ", \"all\": "
            << measured.peak << "}\n}\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = bench::Command(argc, argv);
  caffe::UseBestBlasCore();
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (FLAGS_rows < 1 || FLAGS_dim < 1 || FLAGS_images < 1 ||
      FLAGS_groups < 1 || FLAGS_distance < 0 || FLAGS_distance > 3) {
    std::cerr << "usage: bench_verification [--rows=44722] [--dim=128] "
                 "[--images=20] [--groups=1] [--distance=0] "
                 "[--replicates=500] [--threads=N] [--commit=ID]\n";
    return 2;
  }
  try {
    if (FLAGS_threads > 0) caffe::Caffe::set_threads(FLAGS_threads);
    Print(Measure(), command);
  } catch (const caffe::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.exit_code();
  }
  return 0;
}
