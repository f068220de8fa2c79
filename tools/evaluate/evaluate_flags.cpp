// Flags and their checks; see the header.
#include "tools/evaluate/evaluate_flags.hpp"

#include <cmath>
#include <cstdlib>
#include <utility>

#include "caffe/util/io.hpp"
#include "core/decimal_comma.hpp"
#include "core/split_list.hpp"
#include "data/list_file.hpp"
#include "tools/common/image_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"

namespace caffe {

FlagGroup evaluate_flags;

namespace {

FlagGroup& flags = evaluate_flags;

}  // namespace

TERCET_FLAG(string, model, "", "the deploy net (prototxt)");
TERCET_FLAG(string, weights, "",
            "a .caffemodel, or several between commas; none: as initialised");
TERCET_FLAG(string, images, "",
            "a folder with one folder per person, or a list; with --pairs the "
            "folder that their images are in");
TERCET_FLAG(string, root, "", "the folder that a list's paths are relative to");
TERCET_FLAG(string, blob, "", "the embedding (default: the net's only output)");
TERCET_FLAG(string, embeddings, "",
            "an .npy of embeddings, one a row, in place of a net and images");
TERCET_FLAG(string, list, "",
            "of --embeddings: lines `path label`, one a row; or the folder "
            "that extract was given (default: F.npy.list, which extract "
            "writes)");
TERCET_FLAG(string, pairs, "",
            "judge these pairs: LFW's pairs.txt or pairsDevTest.txt, or lines "
            "`path path 0|1`");
TERCET_FLAG(bool, skip_missing, false,
            "of --pairs: leave out the pairs of which an image is missing");
TERCET_FLAG(string, threshold_pairs, "",
            "of --pairs without folds: take the threshold from these");
TERCET_FLAG(double, threshold, 0, "take the accuracy at this threshold");
TERCET_FLAG(string, gallery, "",
            "identify probes: the gallery, a folder or list");
TERCET_FLAG(string, probe, "", "the probes, a folder or list");
TERCET_FLAG(string, gallery_embeddings, "",
            "an .npy of the gallery's embeddings");
TERCET_FLAG(string, probe_embeddings, "", "an .npy of the probes' embeddings");
TERCET_FLAG(bool, cameras, false,
            "the lines of --gallery and --probe are `path label camera`: the "
            "probe's own camera's images of its person are left out");
TERCET_FLAG(string, distance, "squared_l2", "squared_l2, l2, cosine or l1");
TERCET_FLAG(bool, subtract_mean, false,
            "subtract the mean of other people's embeddings: of the other "
            "folds, or of --threshold_pairs");
TERCET_FLAG(int32_t, fold, 0, "judge the people of this fold alone");
TERCET_FLAG(int32_t, of, 0,
            "how many folds there are (0: all people are judged)");
TERCET_FLAG(bool, pixels, false,
            "judge the images themselves, as the net gets them, instead of a "
            "blob of the net");
TERCET_FLAG(string, far, "",
            "the FARs whose TAR and VAL are wanted, between commas (default "
            "0.1 to 0.000001)");
TERCET_FLAG(string, recall, "1,2,4,8", "the k of Recall@k, between commas");
TERCET_FLAG(int32_t, bootstrap, 500,
            "draws of people for the intervals; 0: none");
TERCET_FLAG(double, threshold_far, 0.001,
            "the FAR that the reported threshold is calibrated for");
TERCET_FLAG(bool, write_threshold, false,
            "write that threshold beside the weights, for verify");
TERCET_FLAG(string, train_list, "",
            "a folder or list that the net was trained with: warn where people "
            "are in both");
TERCET_FLAG(string, plots, "",
            "the folder for pictures: ROC, DET, distances and the worst pairs, "
            "or CMC and ranked answers (by gnuplot)");
TERCET_FLAG(string, out, "", "a file for the JSON");
TERCET_FLAG(string, compare, "",
            "compare the JSON of two to five evaluations: --compare A.json "
            "B.json; --plots=DIR draws their curves");
TERCET_FLAG(string, format, "table", "table or json");
TERCET_FLAG(int64_t, seed, 1,
            "the seed of weights that are not loaded, and of draws");

// What is judged, as it goes in front of errors.
string Place() {
  if (FlagGiven("pairs")) return FLAGS_pairs;
  if (FlagGiven("probe")) return FLAGS_probe;
  string place = FlagGiven("embeddings") ? FLAGS_embeddings : FLAGS_images;
  if (FLAGS_of > 0) {
    place += ", fold " + std::to_string(FLAGS_fold) + " of " +
             std::to_string(FLAGS_of);
  }
  return place;
}

bool FromArrays() {
  return FlagGiven("embeddings") || FlagGiven("gallery_embeddings");
}

vector<double> Fars() {
  if (!FlagGiven("far")) return {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
  vector<double> fars;
  for (const string& word : SplitList(FLAGS_far)) {
    char* end = nullptr;
    fars.push_back(std::strtod(word.c_str(), &end));
    const bool fits = *end == '\0' && fars.back() > 0 && fars.back() < 1;
    const string comma = fits ? "" : DecimalComma(FLAGS_far);
    USAGE_CHECK(comma.empty()) << "--far=" << FLAGS_far << ": " << comma;
    USAGE_CHECK(fits) << "--far=" << FLAGS_far
                      << ": wanted numbers between 0 and 1, and '" << word
                      << "' is none";
  }
  USAGE_CHECK(!fars.empty()) << "--far=" << FLAGS_far << ": names no FAR";
  return fars;
}

vector<int64_t> Ranks() {
  vector<int64_t> ranks;
  for (const string& word : SplitList(FLAGS_recall)) {
    char* end = nullptr;
    ranks.push_back(std::strtoll(word.c_str(), &end, 10));
    USAGE_CHECK(*end == '\0' && ranks.back() >= 1 &&
                ranks.back() <= 1000000)
        << "--recall=" << FLAGS_recall
        << ": wanted whole numbers from 1 to 1000000, and '" << word
        << "' is none";
  }
  return ranks;
}

void Exclude(const char* flag, const vector<const char*>& others) {
  if (!FlagGiven(flag)) return;
  for (const char* other : others) {
    USAGE_CHECK(!FlagGiven(other)) << "--" << flag << " and --" << other
                                   << ": only one of them is possible";
  }
}

namespace {

void Want(const char* flag, const char* other) {
  USAGE_CHECK(!FlagGiven(flag) || FlagGiven(other))
      << "--" << flag << ": wants --" << other;
}

// Which flags fit together.
void CheckInput() {
  Exclude("embeddings", {"model", "weights", "images", "blob", "pixels",
                         "broken"});
  Exclude("gallery_embeddings", {"model", "weights", "images", "blob",
                                 "embeddings", "pixels", "broken"});
  Exclude("gallery", {"pairs", "images", "embeddings", "of", "threshold",
                      "far", "recall", "subtract_mean"});
  Exclude("pairs", {"of", "recall", "broken"});
  Exclude("threshold_pairs", {"threshold"});
  Exclude("threshold", {"of"});
  Exclude("subtract_mean", {"threshold", "write_threshold"});
  USAGE_CHECK(!FLAGS_subtract_mean || FLAGS_of > 0 || FlagGiven("pairs"))
      << "--subtract_mean: the mean is other people's; wants --fold and --of, "
      << "or --pairs";
  for (const auto& pair : vector<std::pair<const char*, const char*>>{
           {"list", "embeddings"},
           {"threshold_pairs", "pairs"}, {"skip_missing", "pairs"},
           {"gallery", "probe"},
           {"probe", "gallery"}, {"cameras", "gallery"},
           {"gallery_embeddings", "gallery"},
           {"gallery_embeddings", "probe_embeddings"},
           {"probe_embeddings", "gallery_embeddings"}}) {
    Want(pair.first, pair.second);
  }
  // extract writes the rows' images beside them.
  if (FlagGiven("embeddings") && !FlagGiven("list")) {
    const string names = FLAGS_embeddings + ".list";
    USAGE_CHECK(IsFile(names))
        << "--embeddings: wants --list (there is no " << names << ")";
    SetFlag("list", names);
  }
  if (FromArrays()) {
    RefuseImageFlags("is for images");
    return;
  }
  RequireFlag("model");
  if (!FLAGS_pixels) RequireWeights();
  if (!FlagGiven("gallery") && !FlagGiven("pairs")) RequireFlag("images");
}

}  // namespace

void CheckFormat() {
  USAGE_CHECK(FLAGS_format == "table" || FLAGS_format == "json")
      << "--format=" << FLAGS_format << ": wanted table or json";
}

void CheckEvaluateFlags() {
  CheckInput();
  CheckFormat();
  RequireAtLeast("of", FLAGS_of, 0);
  SkipBroken();
  // The figures of each draw are kept until the last one.
  USAGE_CHECK(FLAGS_bootstrap >= 0 && FLAGS_bootstrap <= 1000000)
      << "--bootstrap=" << FLAGS_bootstrap << ": wanted 0 to 1000000";
  USAGE_CHECK(FLAGS_of > 0 || !FlagGiven("fold"))
      << "--fold=" << FLAGS_fold << ": wants --of, the number of folds";
  USAGE_CHECK(FLAGS_of == 0 || (FLAGS_fold >= 0 && FLAGS_fold < FLAGS_of))
      << "--fold=" << FLAGS_fold << ": wanted 0 to " << FLAGS_of - 1;
  USAGE_CHECK(std::isfinite(FLAGS_threshold))
      << "--threshold=" << FLAGS_threshold << ": wanted a finite number";
  USAGE_CHECK(FLAGS_threshold_far > 0 && FLAGS_threshold_far < 1)
      << "--threshold_far=" << FLAGS_threshold_far
      << ": wanted a number between 0 and 1";
  USAGE_CHECK(!FLAGS_write_threshold ||
              (!FromArrays() && !FlagGiven("gallery") && !FLAGS_pixels &&
               FLAGS_weights != "none"))
      << "--write_threshold: wants pairs that are judged with --weights";
}

}  // namespace caffe
