// The gradient check of every layer of a user's own net, in double, with the
// values that the layer sees in the net.
#include <cstdio>

#include "caffe/net.hpp"
#include "caffe/test/gradient_check.hpp"
#include "tools/common/weights_flag.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the net (prototxt); read in phase TRAIN");
TERCET_FLAG(string, weights, "",
            "a .caffemodel, or several between commas; none: as initialised");
TERCET_FLAG(int32_t, coordinates, 50,
            "how many values of each blob are checked, drawn at random (0: "
            "all)");
TERCET_FLAG(double, threshold, 1e-6, "the relative error that is allowed");
TERCET_FLAG(int64_t, seed, 1, "the seed of the random numbers");

// Runs the check on one layer; returns whether it found nothing wrong.
bool CheckLayer(Net<double>* net, int id) {
  const string name = net->layer_names()[id];
  Layer<double>* layer = net->layers()[id].get();
  GradientCheckOptions options;
  options.set_up = false;
  options.threshold = FLAGS_threshold;
  options.max_coordinates = FLAGS_coordinates;
  options.seed = static_cast<unsigned>(FLAGS_seed);
  // Ties are common in a real net: max pooling after ReLU has many zeros.
  options.max_skipped = 1;
  options.propagate_down = net->bottom_need_backward()[id];
  const GradientReport report = CheckLayerGradients(
      layer, net->bottom_vecs()[id], net->top_vecs()[id], options);
  std::printf("%-24s %-16s %8lld checked %6lld at kinks  worst %.2e  %s\n",
              name.c_str(), layer->type(),
              static_cast<long long>(report.checked),
              static_cast<long long>(report.skipped), report.worst,
              !report.ok() ? "FAILED"
                           : report.checked > 0 ? "ok" : "nothing to check");
  for (const string& failure : report.failures) {
    std::printf("    %s\n", failure.c_str());
  }
  return report.ok();
}

int Run() {
  RequireFlag("model");
  RequireAtLeast("coordinates", FLAGS_coordinates, 0);
  USAGE_CHECK(FLAGS_threshold > 0)
      << "--threshold=" << FLAGS_threshold << ": wanted more than 0";
  UseThreads(FLAGS_threads);
  LoadLayerLibraries(FLAGS_layers);
  Caffe::set_random_seed(FLAGS_seed);
  Net<double> net(FLAGS_model, TRAIN);
  LoadWeights(FLAGS_weights, &net);
  ReleaseLog();
  int checked = 0, failed = 0;
  for (int id = 0; id < static_cast<int>(net.layers().size()); ++id) {
    if (!net.layer_need_backward()[id]) {
      net.ForwardFromTo(id, id);
      continue;
    }
    ++checked;  // the check runs the layer forward, in place too
    if (!CheckLayer(&net, id)) ++failed;
  }
  std::printf("%d layer(s) checked, %d failed\n", checked, failed);
  INPUT_CHECK(failed == 0) << FLAGS_model << ": " << failed << " of "
                           << checked << " layer(s) failed the gradient check";
  return 0;
}

const Command command(
    "check_gradients", "checks the gradient of each layer of a net numerically",
    "tercet check_gradients --model=F [--coordinates=N]\n\n"
    "Compares the gradient of each layer of a net with difference quotients, "
    "in\n"
    "double; the worst error is what lies above rounding.",
    Run, {&flags, &threads_flag, &layers_flag});

}  // namespace
}  // namespace caffe
