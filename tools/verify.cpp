// Do two images show the same person? Embeds both, and compares their distance
// with a threshold: that of --threshold, or that of a file which `tercet
// evaluate --write_threshold` wrote. The file also says with which settings its
// threshold was found, and these are used.
#include <cmath>
#include <cstdio>
#include <fstream>

#include "tools/common/image_flags.hpp"
#include "tools/common/threshold_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the deploy net (prototxt)");
TERCET_FLAG(string, weights, "",
            "a .caffemodel, or several between commas; none: as initialised");
TERCET_FLAG(string, blob, "", "the embedding (default: the net's only output)");
TERCET_FLAG(string, distance, "squared_l2", "squared_l2, l2, cosine or l1");
TERCET_FLAG(double, threshold, NAN,
            "the largest distance of one person's images (default: the "
            "threshold file's)");
TERCET_FLAG(string, threshold_file, "",
            "a file with a threshold and its settings (default: "
            "WEIGHTS.threshold)");
TERCET_FLAG(string, format, "text", "text or json");

// A threshold, and where it came from: a file's name, or "--threshold".
struct Decision {
  double threshold = NAN;
  string source;
  VerificationThreshold file;  // empty for --threshold
};

// Sets the flags as the threshold's file says.
Decision DecisionFromFlags() {
  Decision decision;
  if (FlagGiven("threshold")) {
    USAGE_CHECK(!FlagGiven("threshold_file"))
        << "--threshold and --threshold_file: only one of them is possible";
    USAGE_CHECK(std::isfinite(FLAGS_threshold))
        << "--threshold=" << FLAGS_threshold << ": wanted a finite number";
    decision.threshold = FLAGS_threshold;
    decision.source = "--threshold";
    return decision;
  }
  const bool named = FlagGiven("threshold_file");
  USAGE_CHECK(named || !CheckedWeights(FLAGS_weights).empty())
      << "there is no threshold: --weights=none has none beside it; give "
      << "--threshold=X or --threshold_file=F";
  decision.source =
      named ? FLAGS_threshold_file : ThresholdPath(FLAGS_weights);
  USAGE_CHECK(named || std::ifstream(decision.source).good())
      << "there is no threshold: " << decision.source
      << " does not exist; give --threshold=X, or find one by "
      << "tercet evaluate --write_threshold";
  decision.file = ReadThreshold(decision.source);
  decision.threshold = decision.file.threshold();
  UseSettings(decision.file, decision.source);
  return decision;
}

// What is wrong with a flag that a file has set is wrong in the file.
ImageOptions OptionsOf(const Decision& decision) {
  try {
    return ImageOptionsFromFlags();
  } catch (const Error& error) {
    if (!decision.file.has_threshold()) throw;
    throw error.As(Error::kInput).At(decision.source);
  }
}

EmbedderOptions EmbedderOptionsOf(const Decision& decision) {
  const metric::Distance distance = DistanceOfFlag(FLAGS_distance);
  EmbedderOptions options = ToolEmbedder(FLAGS_blob, OptionsOf(decision));
  options.distance = distance;
  if (decision.file.has_threshold()) {
    options.use_threshold_file = true;
    options.threshold_file = decision.source;
  } else {
    options.threshold = decision.threshold;
  }
  return options;
}

void Print(const Verdict& verdict, const string& source) {
  if (FLAGS_format == "json") {
    std::printf("{\"same_person\": %s, \"distance\": %.9g, \"threshold\": "
                "%.9g, \"distance_kind\": \"%s\", \"threshold_from\": %s}\n",
                verdict.same ? "true" : "false", verdict.distance,
                verdict.threshold, FLAGS_distance.c_str(),
                JsonString(source).c_str());
    return;
  }
  std::printf("%s: distance %.6g, threshold %.6g (%s, threshold from %s)\n",
              verdict.same ? "same person" : "different persons",
              verdict.distance, verdict.threshold, FLAGS_distance.c_str(),
              source.c_str());
}

int Run() {
  RequireFlag("model");
  RequireWeights();
  const vector<string>& paths = Arguments();
  USAGE_CHECK(paths.size() == 2)
      << "found " << paths.size() << (paths.size() == 1 ? " image" : " images")
      << "; wanted two, as in: tercet verify --model=F --weights=F A.jpg B.jpg";
  USAGE_CHECK(FLAGS_format == "text" || FLAGS_format == "json")
      << "--format=" << FLAGS_format << ": wanted text or json";
  const Decision decision = DecisionFromFlags();
  const EmbedderOptions options = EmbedderOptionsOf(decision);
  UseThreads(FLAGS_threads);
  UseGpu(FLAGS_gpu);
  LoadLayerLibraries(FLAGS_layers);
  Embedder embedder(FLAGS_model, CheckedWeights(FLAGS_weights), options);
  const Verdict verdict = embedder.Verify(paths[0], paths[1]);
  ReleaseLog();
  Print(verdict, decision.source);
  return 0;
}

const Command command(
    "verify", "tells whether two images show the same person",
    "tercet verify --model=F --weights=F A.jpg B.jpg [--threshold=X | "
    "--threshold_file=F]\n\n"
    "Tells whether two images show the same person. The exit code is 0 for\n"
    "both answers.",
    Run, {&flags, &image_flags, &threads_flag, &gpu_flag, &layers_flag}, 2);

}  // namespace
}  // namespace caffe
