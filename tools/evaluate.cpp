// How well embeddings tell people apart: of images through a net, or of an
// array. Which pairs are judged, and where their threshold comes from, is told
// by the protocols in src/evaluation: all pairs of people, a file of pairs, or
// a gallery with probes. Here is the order of the work; the flags are in
// tools/evaluate/evaluate_flags.
#include <cstdio>
#include <filesystem>
#include <optional>

#include "caffe/util/io.hpp"
#include "data/image.hpp"
#include "data/list_file.hpp"
#include "embed/embed_people.hpp"
#include "tools/common/image_flags.hpp"
#include "tools/common/threshold_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"
#include "tools/evaluate/compare.hpp"
#include "tools/evaluate/evaluate_flags.hpp"
#include "tools/evaluate/gnuplot.hpp"
#include "evaluation/identification_protocol.hpp"
#include "evaluation/pairs_protocol.hpp"
#include "evaluation/people_protocol.hpp"
#include "tools/evaluate/plots.hpp"
#include "tools/evaluate/report_text.hpp"
#include "tools/evaluate/sheet.hpp"
#include "tools/evaluate/wanted_fars.hpp"

namespace caffe {
namespace {

// Candidates for the sheet of the worst pairs, where an image is in two at
// most; and the probes of the sheet of ranked answers.
constexpr int64_t kWorstForSheet = 4096, kRankedProbes = 12;

std::optional<double> GivenThreshold() {
  if (!FlagGiven("threshold")) return std::nullopt;
  return FLAGS_threshold;
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
    if (FlagGiven("pairs")) embedder.broken_hint.clear();
    embedder_.emplace(FLAGS_model, loads ? CheckedWeights(FLAGS_weights) : "",
                      embedder);
  }

  void Judge() {
    try {
      if (FlagGiven("gallery")) {
        JudgeGallery();
      } else {
        FlagGiven("pairs") ? JudgeFileOfPairs() : JudgeAllPairs();
      }
    } catch (const Error& error) {
      throw in_place_ ? error.At(Place()) : error;
    }
    if (FlagGiven("train_list")) WarnOfOverlap();
  }

  // All that can be written, whatever becomes of the rest; then the first
  // error.
  void Write() const {
    std::optional<Error> first;
    const auto attempt = [&](const auto& write) {
      try {
        write();
      } catch (const Error& error) {
        if (!first) first = error;
      }
    };
    attempt([&] {
      if (FlagGiven("out")) WriteFileAtomically(FLAGS_out, JsonOf(report_));
    });
    attempt([&] {
      if (FlagGiven("plots")) WritePictures();
    });
    attempt([&] { WriteThresholdAsked(); });
    if (first) throw *first;
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
                     : EmbedPeople(FLAGS_images, FLAGS_root, SkipBroken(),
                                   &*embedder_);
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
    embeddings->rows = embedder_->Embed(pairs.images, file);
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
    GalleryAndProbes images = ReadGalleryAndProbes(lists);
    if (SkipBroken()) {
      LeaveOutBroken(*embedder_, FLAGS_gallery, &images.gallery);
      LeaveOutBroken(*embedder_, FLAGS_probe, &images.probes);
    }
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
      vector<float> rows = embedder_->Embed(images.paths, list);
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

  void WriteThresholdAsked() const {
    try {
      if (FLAGS_write_threshold) {
        WriteCalibrated(*report_.verification, FLAGS_weights,
                        embedder_->WeightsHash());
      }
      RefuseFars();
    } catch (const Error& error) {
      throw error.At(Place());
    }
  }

  // What was asked for and cannot be measured is not passed over in silence.
  void RefuseFars() const {
    if (!report_.verification) return;
    const metric::RocCurve& curve = report_.verification->curve;
    if (FlagGiven("far")) CheckFars("far", fars_, curve);
    if (FlagGiven("threshold_far")) {
      CheckFars("threshold_far", {FLAGS_threshold_far}, curve);
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

  // The most that a picture may have.
  int64_t MaxPixels() const {
    return embedder_ ? embedder_->max_pixels() : kMaxImagePixels;
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
      const string why =
          WriteRankedSheet(FLAGS_plots, title, *report_.identification,
                           judged_, paths_, MaxPixels());
      if (!why.empty()) {
        LOG(WARNING) << FLAGS_plots << ": no sheet of ranked answers: " << why;
      }
      return;
    }
    WritePlots(FLAGS_plots, title, *report_.verification, report_.distance);
    const string reason =
        WriteSheet(FLAGS_plots, title, *report_.verification, paths_,
                   MaxPixels());
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

const vector<const FlagGroup*> flag_groups = {
    &evaluate_flags, &image_flags, &broken_flag, &threads_flag, &gpu_flag,
    &layers_flag};

// What only an evaluation reads is not passed over in silence.
void RefuseFlagsOfEvaluation() {
  const set<string> read = {"compare", "plots", "format"};
  string others;
  for (const FlagGroup* group : flag_groups) {
    for (const FlagGroup::Flag& flag : group->flags()) {
      if (read.count(flag.name) > 0 || !FlagGiven(flag.name)) continue;
      others += (others.empty() ? "--" : ", --") + string(flag.name);
    }
  }
  USAGE_CHECK(others.empty())
      << "--compare: reads reports, and has no use for " << others
      << "; only --plots and --format go with it";
}

int RunComparison() {
  RefuseFlagsOfEvaluation();
  CheckFormat();
  vector<string> files = FlagValues("compare");
  files.insert(files.end(), Arguments().begin(), Arguments().end());
  USAGE_CHECK(files.size() >= 2 && files.size() <= kMostReports)
      << "--compare: found " << files.size()
      << (files.size() == 1 ? " report" : " reports")
      << "; wanted 2 to 5, as in: tercet evaluate --compare A.json B.json";
  if (FlagGiven("plots")) CheckGnuplot();
  const string text =
      CompareReports(files, FLAGS_plots, FLAGS_format == "json");
  ReleaseLog();
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

int Run() {
  if (FlagGiven("compare")) return RunComparison();
  USAGE_CHECK(Arguments().empty())
      << "stray argument '" << Arguments()[0]
      << "' (flags are --name=value; --help lists them)";
  CheckEvaluateFlags();
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
    Run, flag_groups, kMostReports);

}  // namespace
}  // namespace caffe
