// Times forward and backward of a net from its file, as images per second over
// several repetitions, and prints one JSON object. Backward includes the
// clearing of the parameters' gradients. Time by layer is `tercet time`'s part.
#include <gflags/gflags.h>

#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "bench/common.hpp"
#include "caffe/net.hpp"
#include "caffe/util/math_functions.hpp"

DEFINE_string(model, "", "the net's prototxt");
DEFINE_int32(iterations, 5, "forward + backward passes a repetition");
DEFINE_int32(repetitions, 20, "repetitions, after one that does not count");
DEFINE_int32(threads, 0, "threads; 0: as many as there are processors");
DEFINE_string(commit, "", "the commit, for the record");

namespace {

struct Sample {
  double wall;  // seconds a pass
  double cpu;   // of all threads together
};

Sample Repeat(caffe::Net<float>* net) {
  const double wall = bench::Seconds(CLOCK_MONOTONIC);
  const double cpu = bench::Seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < FLAGS_iterations; ++i) {
    net->ClearParamDiffs();
    net->ForwardBackward();
  }
  return {(bench::Seconds(CLOCK_MONOTONIC) - wall) / FLAGS_iterations,
          (bench::Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / FLAGS_iterations};
}

// The value of a field below which `share` of the samples lie.
double Quantile(const std::vector<Sample>& samples, double share,
                double Sample::*field) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.*field);
  return bench::Quantile(values, share);
}

void Print(int batch, const std::vector<Sample>& samples,
           const std::string& command) {
  const double median = Quantile(samples, 0.5, &Sample::wall);
  const double least = Quantile(samples, 0, &Sample::wall);
  const double most = Quantile(samples, 1, &Sample::wall);
  const double cpu = Quantile(samples, 0, &Sample::cpu);
  std::cout << "{\n  \"benchmark\": \"forward + backward\",\n"
            << "  \"model\": \"" << FLAGS_model << "\",\n"
            << "  \"command\": \"" << command << "\",\n"
            << "  \"commit\": \"" << FLAGS_commit << "\",\n"
            << "  \"date\": \"" << bench::Date() << "\",\n"
            << "  \"machine\": \"" << bench::Processor() << "\",\n"
            << "  \"processors\": " << std::thread::hardware_concurrency()
            << ",\n  \"threads\": " << caffe::Caffe::threads()
            << ",\n  \"batch\": " << batch
            << ",\n  \"repetitions\": " << FLAGS_repetitions
            << ",\n  \"iterations\": " << FLAGS_iterations
            << ",\n  \"images_per_second\": {\"median\": " << batch / median
            << ", \"best\": " << batch / least << ", \"worst\": "
            << batch / most << "},\n  \"seconds_per_pass\": {\"median\": "
            << median << ", \"best\": " << least << ", \"worst\": " << most
            << "},\n  \"cpu_seconds_per_pass_best\": " << cpu << "\n}\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = bench::Command(argc, argv);
  caffe::UseBestBlasCore();
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (FLAGS_iterations < 1 || FLAGS_repetitions < 1 || FLAGS_model.empty()) {
    std::cerr << "usage: bench_net --model=net.prototxt [--iterations=5] "
                 "[--repetitions=20] [--threads=N] [--commit=ID]\n";
    return 2;
  }
  try {
    if (FLAGS_threads > 0) { caffe::Caffe::set_threads(FLAGS_threads); }
    caffe::Caffe::set_random_seed(1);
    caffe::Net<float> net(FLAGS_model, caffe::TRAIN);
    Repeat(&net);
    std::vector<Sample> samples;
    for (int i = 0; i < FLAGS_repetitions; ++i) {
      samples.push_back(Repeat(&net));
    }
    Print(net.blobs()[0]->shape(0), samples, command);
  } catch (const caffe::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.exit_code();
  }
  return 0;
}
