// Runs the TEST net and prints the mean of each value of its outputs; of a
// large output, such as a batch of embeddings, the mean over all of it.
#include <cstdio>

#include "tools/common/weights_flag.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the net (prototxt)");
TERCET_FLAG(string, weights, "",
            "a .caffemodel, or several between commas; none: as initialised");
TERCET_FLAG(int32_t, iterations, 50, "how many batches to average");
TERCET_FLAG(int32_t, level, 0, "the level of the net's state");
TERCET_FLAG(string, stage, "", "stages of the net's state, between commas");
TERCET_FLAG(int64_t, seed, 1, "the seed of the random numbers");

void PrintMeans(const Net<float>& net, const vector<double>& sums) {
  constexpr int kMostLines = 100;
  size_t index = 0;
  for (int id : net.output_blob_indices()) {
    const string& name = net.blob_names()[id];
    const float weight = net.blob_loss_weights()[id];
    const int count = net.blobs()[id]->count();
    if (count > kMostLines) {
      double sum = 0;
      for (int k = 0; k < count; ++k) sum += sums[index++];
      std::printf("%s has %d values of mean %.9g\n", name.c_str(), count,
                  sum / count / FLAGS_iterations);
      continue;
    }
    for (int k = 0; k < count; ++k) {
      const double mean = sums[index++] / FLAGS_iterations;
      std::printf("%s = %.9g", name.c_str(), mean);
      if (weight != 0) {
        std::printf(" (* %g = %.9g loss)", weight, weight * mean);
      }
      std::printf("\n");
    }
  }
}

// Nothing fills an Input layer here, and the means would be those of zeros.
void CheckReadsData(const Net<float>& net) {
  for (const auto& layer : net.layers()) {
    INPUT_CHECK(string(layer->type()) != "Input")
        << LayerPlace(layer->layer_param())
        << ": nothing fills it here; wanted a net that reads its own data in "
        << "phase TEST (extract and evaluate fill an Input layer)";
  }
}

int Run() {
  RequireFlag("model");
  RequireAtLeast("iterations", FLAGS_iterations, 1);
  UseThreads(FLAGS_threads);
  UseGpu(FLAGS_gpu);
  LoadLayerLibraries(FLAGS_layers);
  Caffe::set_random_seed(FLAGS_seed);
  const vector<string> stages = SplitList(FLAGS_stage);
  Net<float> net(FLAGS_model, TEST, FLAGS_level, &stages);
  CheckReadsData(net);
  CheckWeightsGiven(FLAGS_model, !net.params().empty());
  LoadWeights(FLAGS_weights, &net);
  ReleaseLog();
  vector<double> sums;
  for (int i = 0; i < FLAGS_iterations; ++i) {
    net.Forward();
    size_t index = 0;
    for (const Blob<float>* blob : net.output_blobs()) {
      for (int k = 0; k < blob->count(); ++k, ++index) {
        if (sums.size() <= index) sums.push_back(0);
        sums[index] += blob->cpu_data()[k];
      }
    }
  }
  PrintMeans(net, sums);
  return 0;
}

const Command command(
    "test", "runs the TEST net and prints the mean of each output",
    "tercet test --model=F --weights=F [--iterations=N]\n\n"
    "Runs the TEST net and prints the mean of each of its outputs.",
    Run, {&flags, &threads_flag, &gpu_flag, &layers_flag});

}  // namespace
}  // namespace caffe
