// Times each layer of a net, forward and backward: median and spread over the
// iterations, in milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "caffe/net.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the net (prototxt)");
TERCET_FLAG(int32_t, iterations, 20, "how many times each layer is run");
TERCET_FLAG(string, format, "table", "table or json");
TERCET_FLAG(string, phase, "TRAIN", "TRAIN or TEST");
TERCET_FLAG(int64_t, seed, 1, "the seed of the random numbers");

constexpr int kWarmUp = 2;

struct Spread {
  double median, low, high;
};

Spread SpreadOf(vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values[0], values[n - 1]};
}

void WaitForDevice() {
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) CUDA_CHECK(cudaDeviceSynchronize());
#endif
}

template <typename Step>
double Milliseconds(const Step& step) {
  const auto start = std::chrono::steady_clock::now();
  step();
  WaitForDevice();
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

struct Timings {
  vector<vector<double>> forward, backward;  // of each layer
  vector<double> forward_total, backward_total, total;
};

Timings Measure(Net<float>* net) {
  const int layers = static_cast<int>(net->layers().size());
  Timings t;
  t.forward.resize(layers);
  t.backward.resize(layers);
  for (int i = 0; i < kWarmUp; ++i) net->ForwardBackward();
  for (int i = 0; i < FLAGS_iterations; ++i) {
    double forward = 0, backward = 0;
    for (int k = 0; k < layers; ++k) {
      t.forward[k].push_back(Milliseconds([&] { net->ForwardFromTo(k, k); }));
      forward += t.forward[k].back();
    }
    for (int k = layers - 1; k >= 0; --k) {
      t.backward[k].push_back(
          Milliseconds([&] { net->BackwardFromTo(k, k); }));
      backward += t.backward[k].back();
    }
    t.forward_total.push_back(forward);
    t.backward_total.push_back(backward);
    t.total.push_back(forward + backward);
  }
  return t;
}

string Text(const char* format, const Spread& s) {
  char text[128];
  std::snprintf(text, sizeof(text), format, s.median, s.low, s.high);
  return text;
}

const char kCell[] = "%9.3f [%.3f .. %.3f]";

void PrintTable(const Net<float>& net, const Timings& t) {
  std::printf("%-24s %-16s %-34s %s\n", "layer", "type",
              "forward ms: median [min .. max]", "backward ms");
  const auto row = [](const string& name, const string& type, const Spread& f,
                      const Spread& b) {
    std::printf("%-24s %-16s %-34s %s\n", name.c_str(), type.c_str(),
                Text(kCell, f).c_str(), Text(kCell, b).c_str());
  };
  for (size_t k = 0; k < net.layers().size(); ++k) {
    row(net.layer_names()[k], net.layers()[k]->type(), SpreadOf(t.forward[k]),
        SpreadOf(t.backward[k]));
  }
  row("all", "", SpreadOf(t.forward_total), SpreadOf(t.backward_total));
  std::printf("forward and backward %s ms, %d iterations\n",
              Text(kCell, SpreadOf(t.total)).c_str(), FLAGS_iterations);
}

const char kJsonSpread[] = "{\"median\": %.6f, \"min\": %.6f, \"max\": %.6f}";

void PrintJson(const Net<float>& net, const Timings& t) {
  std::printf(
      "{\n  \"model\": %s,\n  \"iterations\": %d,\n  \"threads\": %d,\n",
      JsonString(FLAGS_model).c_str(), FLAGS_iterations, Caffe::threads());
  std::printf("  \"unit\": \"ms\",\n  \"layers\": [\n");
  for (size_t k = 0; k < net.layers().size(); ++k) {
    std::printf(
        "    {\"name\": %s, \"type\": %s, \"forward\": %s, \"backward\": "
        "%s}%s\n",
        JsonString(net.layer_names()[k]).c_str(),
        JsonString(net.layers()[k]->type()).c_str(),
        Text(kJsonSpread, SpreadOf(t.forward[k])).c_str(),
        Text(kJsonSpread, SpreadOf(t.backward[k])).c_str(),
        k + 1 < net.layers().size() ? "," : "");
  }
  std::printf("  ],\n  \"forward\": %s,\n  \"backward\": %s,\n  \"total\": %s\n}\n",
              Text(kJsonSpread, SpreadOf(t.forward_total)).c_str(),
              Text(kJsonSpread, SpreadOf(t.backward_total)).c_str(),
              Text(kJsonSpread, SpreadOf(t.total)).c_str());
}

int Run() {
  RequireFlag("model");
  RequireAtLeast("iterations", FLAGS_iterations, 1);
  USAGE_CHECK(FLAGS_format == "table" || FLAGS_format == "json")
      << "--format=" << FLAGS_format << ": wanted table or json";
  Phase phase;
  USAGE_CHECK(Phase_Parse(FLAGS_phase, &phase))
      << "--phase=" << FLAGS_phase << ": wanted TRAIN or TEST";
  UseThreads(FLAGS_threads);
  UseGpu(FLAGS_gpu);
  LoadLayerLibraries(FLAGS_layers);
  Caffe::set_random_seed(FLAGS_seed);
  Net<float> net(FLAGS_model, phase);
  ReleaseLog();
  const Timings timings = Measure(&net);
  if (FLAGS_format == "json") {
    PrintJson(net, timings);
  } else {
    PrintTable(net, timings);
  }
  return 0;
}

const Command command(
    "time", "times each layer of a net",
    "tercet time --model=F [--iterations=N] [--format=table|json]\n\n"
    "Times each layer forward and backward: median, least and most.",
    Run, {&flags, &threads_flag, &gpu_flag, &layers_flag});

}  // namespace
}  // namespace caffe
