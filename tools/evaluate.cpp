// How well embeddings tell people apart: of images through a net, or of an
// array. Which pairs are judged, and where their threshold comes from, is told
// by the protocols in src/evaluation: all pairs of people, a file of pairs, or
// a gallery with probes. Here are the flags, and the order of the work.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "caffe/util/io.hpp"
#include "data/list_file.hpp"
#include "embed/embed_people.hpp"
#include "tools/common/image_flags.hpp"
#include "tools/common/threshold_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"
#include "tools/evaluate/compare.hpp"
#include "tools/evaluate/gnuplot.hpp"
#include "evaluation/identification_protocol.hpp"
#include "evaluation/pairs_protocol.hpp"
#include "evaluation/people_protocol.hpp"
#include "tools/evaluate/plots.hpp"
#include "tools/evaluate/report_text.hpp"
#include "tools/evaluate/sheet.hpp"

namespace caffe {
namespace {

FlagGroup flags;
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

// Candidates for the sheet of the worst pairs, where an image is in two at most;
// and the probes of the sheet of ranked answers.
constexpr int64_t kWorstForSheet = 4096, kRankedProbes = 12;

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
    USAGE_CHECK(*end == '\0' && fars.back() > 0 && fars.back() < 1)
        << "--far=" << FLAGS_far << ": wanted numbers between 0 and 1, and '"
        << word << "' is none";
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

void Want(const char* flag, const char* other) {
  USAGE_CHECK(!FlagGiven(flag) || FlagGiven(other))
      << "--" << flag << ": wants --" << other;
}

// Which flags fit together.
void CheckInput() {
  Exclude("embeddings", {"model", "weights", "images", "blob", "pixels"});
  Exclude("gallery_embeddings", {"model", "weights", "images", "blob",
                                 "embeddings", "pixels"});
  Exclude("gallery", {"pairs", "images", "embeddings", "of", "threshold",
                      "far", "recall", "subtract_mean"});
  Exclude("pairs", {"of", "recall"});
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

void CheckFlags() {
  CheckInput();
  USAGE_CHECK(FLAGS_format == "table" || FLAGS_format == "json")
      << "--format=" << FLAGS_format << ": wanted table or json";
  RequireAtLeast("of", FLAGS_of, 0);
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

std::optional<double> GivenThreshold() {
  if (!FlagGiven("threshold")) return std::nullopt;
  return FLAGS_threshold;
}

// What a threshold's file says, in some words; "" where there is none.
string ThresholdInFile(const string& path) {
  if (!std::filesystem::exists(path)) return "";
  try {
    const VerificationThreshold file = ReadThreshold(path);
    std::ostringstream text;
    text << "threshold " << ThresholdText(file.threshold()) << " ("
         << file.distance();
    if (file.has_far()) text << ", for FAR " << file.far();
    if (file.has_blob()) text << ", blob " << file.blob();
    text << (file.flip() ? ", flip)" : ")");
    return text.str();
  } catch (const Error&) {
    return "a file that holds no threshold";
  }
}

// One evaluation: its input, its report, and the images of the report's rows.
class Evaluation {
 public:
  Evaluation() : distance_(DistanceOfFlag(FLAGS_distance)) {
    report_.distance = FLAGS_distance;
    fars_ = Fars();
    ranks_ = Ranks();
    const ImageOptions options = ImageOptionsFromFlags();
    UseThreads(FLAGS_threads);
    UseGpu(FLAGS_gpu);
    LoadLayerLibraries(FLAGS_layers);
    Caffe::set_random_seed(FLAGS_seed);
    if (FlagGiven("plots")) CheckGnuplot();
    if (FlagGiven("train_list")) {
      training_ = ReadTrainingImages(FLAGS_train_list, FLAGS_root);
    }
    if (FromArrays()) return;
    const bool loads = !FLAGS_pixels && FLAGS_weights != "none";
    EmbedderOptions embedder = ToolEmbedder(FLAGS_blob, options);
    embedder.pixels = FLAGS_pixels;
    embedder_.emplace(FLAGS_model, loads ? CheckedWeights(FLAGS_weights) : "",
                      embedder);
  }

  void Judge() {
    try {
      if (FlagGiven("gallery")) {
        JudgeGallery();
      } else {
        FlagGiven("pairs") ? JudgeFileOfPairs() : JudgeAllPairs();
        CheckFars();
      }
    } catch (const Error& error) {
      throw in_place_ ? error.At(Place()) : error;
    }
    if (FlagGiven("train_list")) WarnOfOverlap();
  }

  void Write() const {
    if (FLAGS_write_threshold) WriteCalibrated();
    if (FlagGiven("out")) WriteFileAtomically(FLAGS_out, JsonOf(report_));
    if (FlagGiven("plots")) WritePictures();
  }

  void Print() const {
    const string text =
        FLAGS_format == "json" ? JsonOf(report_) : TableOf(report_);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

 private:
  void JudgeAllPairs() {
    PeopleProtocol protocol;
    protocol.distance = distance_;
    protocol.fold = FLAGS_fold;
    protocol.of = FLAGS_of;
    protocol.fars = fars_;
    protocol.calibrated_far = FLAGS_threshold_far;
    protocol.ranks = ranks_;
    protocol.threshold = GivenThreshold();
    protocol.subtract_mean = FLAGS_subtract_mean;
    if (FlagGiven("plots")) protocol.worst = kWorstForSheet;
    protocol.replicates = FLAGS_bootstrap;
    protocol.seed = FLAGS_seed;
    const EmbeddingSet set =
        FromArrays() ? ReadEmbeddings(FLAGS_embeddings, FLAGS_list, true)
                     : EmbedPeople(FLAGS_images, FLAGS_root, &*embedder_);
    in_place_ = true;
    PeopleReport found = JudgePeople(protocol, set);
    report_.verification = std::move(found.verification);
    report_.retrieval = std::move(found.retrieval);
    paths_ = Pictures(set.names);
    for (const int i : found.judged) {
      judged_.push_back(paths_[i]);
      judged_labels_.push_back(set.labels[i]);
    }
  }

  // Where the pictures lie of images that a list names; a list's paths are
  // relative to its folder, or to --root.
  vector<string> Pictures(vector<string> names) const {
    if (!FlagGiven("embeddings")) return names;
    const ListPaths path_of(FLAGS_list, FLAGS_root);
    for (string& name : names) {
      if (!IsFile(name) && IsFile(path_of(name))) name = path_of(name);
    }
    return names;
  }

  void JudgeFileOfPairs() {
    PairsProtocol protocol;
    protocol.distance = distance_;
    protocol.fars = fars_;
    protocol.calibrated_far = FLAGS_threshold_far;
    protocol.replicates = FLAGS_bootstrap;
    protocol.seed = FLAGS_seed;
    protocol.threshold = GivenThreshold();
    protocol.subtract_mean = FLAGS_subtract_mean;
    if (FlagGiven("plots")) protocol.worst = kWorstForSheet;
    protocol.threshold_source = "--threshold";
    EmbeddingSet rows;
    if (FromArrays()) {
      rows = ReadEmbeddings(FLAGS_embeddings, FLAGS_list, true);
    }
    const PairsFile pairs = ReadPairs(FLAGS_pairs, &rows);
    USAGE_CHECK(pairs.folds == 1 || (!FlagGiven("threshold_pairs") &&
                                     !FlagGiven("threshold")))
        << "--pairs=" << FLAGS_pairs << ": has " << pairs.folds << " folds, "
        << "which give each other their thresholds; --threshold and "
        << "--threshold_pairs are for one set";
    USAGE_CHECK(pairs.folds > 1 || !FLAGS_subtract_mean ||
                FlagGiven("threshold_pairs"))
        << "--subtract_mean: " << FLAGS_pairs << " is one set, and the mean is "
        << "other people's; wants --threshold_pairs";
    if (FlagGiven("threshold_pairs")) TakeThreshold(rows, &protocol);
    if (pairs.people == 0 && FLAGS_bootstrap > 0) {
      LOG(WARNING) << FLAGS_pairs << ": no intervals: " << pairs.why_unknown;
    }
    in_place_ = true;
    report_.verification = JudgePairs(protocol, pairs, rows.rows, rows.width);
    paths_ = Pictures(pairs.images);
    set<string> seen;
    for (const metric::ListedPair& pair : pairs.pairs) {
      for (const int i : {pair.i, pair.j}) {
        if (!seen.insert(paths_[i]).second) continue;
        judged_.push_back(paths_[i]);
        if (pairs.people > 0) judged_labels_.push_back(pairs.person[i]);
      }
    }
  }

  // The threshold, and the mean, of --threshold_pairs.
  void TakeThreshold(const EmbeddingSet& rows, PairsProtocol* protocol) {
    EmbeddingSet others = rows;
    const PairsFile other = ReadPairs(FLAGS_threshold_pairs, &others);
    if (FLAGS_subtract_mean) {
      protocol->mean = MeanOfPairs(other, others.rows, others.width);
      for (size_t i = 0; i < others.rows.size(); ++i) {
        others.rows[i] -= protocol->mean[i % others.width];
      }
    }
    protocol->threshold =
        BestThresholdOfPairs(distance_, other, others.rows, others.width);
    protocol->threshold_source = FLAGS_threshold_pairs;
  }

  // The pairs of a file; with a net, `embeddings` becomes theirs.
  PairsFile ReadPairs(const string& file, EmbeddingSet* embeddings) {
    if (FromArrays()) {
      ImagesInList finder(embeddings->names);
      return ReadPairsFile(file, &finder, embeddings->labels,
                           FLAGS_skip_missing);
    }
    ImagesOnDisk finder(file, FLAGS_images.empty() ? FLAGS_root : FLAGS_images);
    PairsFile pairs = ReadPairsFile(file, &finder, {}, FLAGS_skip_missing);
    embeddings->rows = embedder_->Embed(pairs.images);
    embeddings->width = embedder_->width();
    return pairs;
  }

  void JudgeGallery() {
    IdentificationLists lists;
    lists.gallery = FLAGS_gallery;
    lists.probes = FLAGS_probe;
    lists.root = FLAGS_root;
    lists.cameras = FLAGS_cameras;
    lists.on_disk = !FromArrays();
    const GalleryAndProbes images = ReadGalleryAndProbes(lists);
    int width = 0, probe_width = 0;
    const vector<float> gallery =
        RowsOf(images.gallery, FLAGS_gallery, FLAGS_gallery_embeddings, &width);
    const vector<float> probes = RowsOf(images.probes, FLAGS_probe,
                                        FLAGS_probe_embeddings, &probe_width);
    INPUT_CHECK(width == probe_width)
        << FLAGS_probe_embeddings << ": holds embeddings of " << probe_width
        << " numbers, and " << FLAGS_gallery_embeddings << " of " << width;
    IdentificationProtocol protocol;
    protocol.distance = distance_;
    protocol.replicates = FLAGS_bootstrap;
    protocol.seed = FLAGS_seed;
    if (FlagGiven("plots")) protocol.worst = kRankedProbes;
    in_place_ = true;
    paths_ = images.gallery.paths;
    report_.identification =
        JudgeIdentification(protocol, images, gallery, probes, width);
    judged_ = images.probes.paths;
    judged_labels_ = images.probes.labels;
  }

  vector<float> RowsOf(const LabelledImages& images, const string& list,
                       const string& npy, int* width) {
    if (!FromArrays()) {
      vector<float> rows = embedder_->Embed(images.paths);
      *width = embedder_->width();
      return rows;
    }
    vector<float> rows = ReadRows(npy, width);
    INPUT_CHECK(static_cast<int64_t>(rows.size()) == images.listed * *width)
        << list << ": names " << images.listed << " images, and " << npy
        << " holds " << rows.size() / *width
        << " embeddings; wanted one for each";
    return KeepRows(images, rows, *width);
  }

  // A FAR that was asked for is not passed over in silence.
  void CheckFars() const {
    const metric::RocCurve& curve = report_.verification->curve;
    if (FlagGiven("far")) {
      for (const double far : fars_) curve.AtFar(far);
    }
    if (FLAGS_write_threshold || FlagGiven("threshold_far")) {
      curve.AtFar(FLAGS_threshold_far);
    }
  }

  void WarnOfOverlap() {
    report_.overlap = FindOverlap(judged_, judged_labels_, training_);
    const Overlap& overlap = *report_.overlap;
    if (overlap.people == 0) return;
    string names;
    for (const string& name : overlap.names) {
      names += (names.empty() ? "" : ", ") + name;
    }
    LOG(WARNING) << FLAGS_train_list << ": " << overlap.people
                 << " of the people judged were trained on (" << names
                 << (overlap.people > static_cast<int>(overlap.names.size())
                         ? ", ..."
                         : "")
                 << "), and " << overlap.images
                 << " of the images: the figures are too good";
  }

  void WriteCalibrated() const {
    VerificationThreshold threshold;
    const TarAtFar& calibrated = report_.verification->calibrated;
    INPUT_CHECK(calibrated.tar.value > 0)
        << Place() << ": no genuine pair is nearer than the impostors that a "
        << "FAR of " << calibrated.far << " leaves; no threshold is written";
    threshold.set_threshold(calibrated.threshold);
    threshold.set_far(calibrated.far);
    threshold.set_tar(calibrated.tar.value);
    threshold.set_impostor_pairs(report_.verification->impostor);
    StoreSettings(&threshold);
    threshold.set_weights_hash(embedder_->WeightsHash());
    const string path = ThresholdPath(FLAGS_weights);
    const string before = ThresholdInFile(path);
    WriteThreshold(path, threshold);
    const string now = ThresholdInFile(path);
    if (before.empty()) {
      LOG(INFO) << path << ": holds " << now;
    } else if (before == now) {
      LOG(INFO) << path << ": holds " << now << ", as before";
    } else {
      LOG(WARNING) << path << ": " << now << " replaces " << before;
    }
  }

  void WritePictures() const {
    namespace fs = std::filesystem;
    const string title =
        fs::path(Place()).filename().string() +
        (embedder_ && !FLAGS_pixels
             ? ", " + fs::path(FLAGS_weights).filename().string()
             : "");
    if (report_.identification) {
      WriteCmcPlot(FLAGS_plots, title, *report_.identification);
      const string why = WriteRankedSheet(
          FLAGS_plots, title, *report_.identification, judged_, paths_);
      if (!why.empty()) {
        LOG(WARNING) << FLAGS_plots << ": no sheet of ranked answers: " << why;
      }
      return;
    }
    WritePlots(FLAGS_plots, title, *report_.verification, report_.distance);
    const string reason =
        WriteSheet(FLAGS_plots, title, *report_.verification, paths_);
    if (!reason.empty()) {
      LOG(WARNING) << FLAGS_plots << ": no sheet of the worst pairs: "
                   << reason;
    }
  }

  const metric::Distance distance_;
  vector<double> fars_;
  vector<int64_t> ranks_;
  std::optional<Embedder> embedder_;
  bool in_place_ = false;   // whether an error is about what is judged
  vector<string> paths_;    // of the rows that the report names
  vector<string> judged_;   // the images that were judged
  vector<int> judged_labels_;  // and who is on them, where it is known
  TrainingImages training_;
  EvaluationReport report_;
};

constexpr int kMostReports = 5;

int RunComparison() {
  Exclude("compare", {"model", "weights", "images", "embeddings", "list",
                      "pairs", "gallery", "probe", "out", "format"});
  vector<string> files = FlagValues("compare");
  files.insert(files.end(), Arguments().begin(), Arguments().end());
  USAGE_CHECK(files.size() >= 2 && files.size() <= kMostReports)
      << "--compare: found " << files.size()
      << (files.size() == 1 ? " report" : " reports")
      << "; wanted 2 to 5, as in: tercet evaluate --compare A.json B.json";
  if (FlagGiven("plots")) CheckGnuplot();
  const string text = CompareReports(files, FLAGS_plots);
  ReleaseLog();
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

int Run() {
  if (FlagGiven("compare")) return RunComparison();
  USAGE_CHECK(Arguments().empty())
      << "stray argument '" << Arguments()[0]
      << "' (flags are --name=value; --help lists them)";
  CheckFlags();
  Evaluation evaluation;
  evaluation.Judge();
  // The figures first: they are not lost where a file cannot be written.
  ReleaseLog();
  evaluation.Print();
  evaluation.Write();
  return 0;
}

const Command command(
    "evaluate", "tells how well embeddings verify and identify people",
    "tercet evaluate --model=F --weights=F --images=DIR|LIST [--fold=0 "
    "--of=5] [--pairs=F | --gallery=DIR --probe=DIR] [--plots=DIR]\n"
    "       tercet evaluate --embeddings=F.npy --list=LIST [--pairs=F]\n"
    "       tercet evaluate --compare A.json B.json ... [--plots=DIR]\n\n"
    "Verifies and identifies people: ROC AUC, EER, accuracy, TAR@FAR, "
    "Recall@k,\n"
    "CMC and mAP, with intervals over people.",
    Run, {&flags, &image_flags, &threads_flag, &gpu_flag, &layers_flag},
    kMostReports);

}  // namespace
}  // namespace caffe
