// How well a net verifies people: embeds the images of a folder with one
// folder per person, and prints the figures of metric/verification.hpp over
// all pairs of images of the people asked for.
//
// A threshold is never taken from the people it is judged on. With a fold,
// it comes from the people of the other folds; without one, each of five
// folds is judged by the threshold of the other four, and the mean is given.
#include <cmath>
#include <cstdio>

#include "caffe/data/identity_list.hpp"
#include "caffe/metric/verification.hpp"
#include "tools/common/embedder.hpp"
#include "tools/common/image_flags.hpp"
#include "tools/common/threshold_file.hpp"
#include "tools/common/tool_main.hpp"

DEFINE_string(model, "", "the deploy net (prototxt)");
DEFINE_string(weights, "",
              "a .caffemodel, or several between commas; none: as "
              "initialised");
DEFINE_string(images, "", "a folder with one folder per person, or a list");
DEFINE_string(root, "", "the folder that a list's paths are relative to");
DEFINE_string(blob, "", "the embedding (default: the net's only output)");
DEFINE_string(distance, "squared_l2", "squared_l2, l2, cosine or l1");
DEFINE_int32(fold, 0, "judge the people of this fold alone");
DEFINE_int32(of, 0, "how many folds there are (0: all people are judged)");
DEFINE_bool(pixels, false, "judge the images themselves, as the net gets "
            "them, instead of a blob of the net");
DEFINE_string(format, "table", "table or json");
DEFINE_int64(seed, 1, "the seed of weights that are not loaded");
DEFINE_int32(threads, 0, "CPU threads; 0: as many as there are cores");
DEFINE_int32(gpu, -1, "run on this CUDA device; -1: on the CPU");
DEFINE_string(layers, "",
              "shared libraries with further layers, between commas");

namespace caffe {
namespace {

constexpr int kFoldsWithoutFold = 5;

// Rows of embeddings of some people.
struct Embeddings {
  vector<float> rows;
  vector<int> labels;
  int width = 0;
  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

struct Figures {
  int people = 0;
  int64_t images = 0, genuine = 0, impostor = 0;
  double auc = 0, eer = 0, recall = 0;
  // NaN where there are no other people to take a threshold from.
  double threshold = NAN, accuracy = NAN;
};

metric::PairScores Pairs(metric::Distance kind, const Embeddings& set) {
  return metric::AllPairScores(kind, set.rows.data(), set.labels.data(),
                               set.size(), set.width);
}

// The pairs that are judged; both kinds must be among them.
metric::PairScores JudgedPairs(metric::Distance kind, const Embeddings& set) {
  try {
    const metric::PairScores scores = Pairs(kind, set);
    scores.CheckBothKinds();
    return scores;
  } catch (const Error& error) {
    string place = FLAGS_images;
    if (FLAGS_of > 0) {
      place += ", fold " + std::to_string(FLAGS_fold) + " of " +
               std::to_string(FLAGS_of);
    }
    throw error.At(place);
  }
}

Embeddings EmbedPeople(const vector<Identity>& people, Embedder* embedder) {
  Embeddings set;
  vector<string> paths;
  for (const Identity& person : people) {
    for (const string& path : person.images) {
      paths.push_back(path);
      set.labels.push_back(person.label);
    }
  }
  set.rows = embedder->Embed(paths);
  set.width = embedder->width();
  return set;
}

// The rows whose person is in the fold (or outside of it), by the person's
// place in the sorted list.
Embeddings Part(const Embeddings& all, const map<int, int>& place, int fold,
                int of, bool inside) {
  Embeddings part;
  part.width = all.width;
  for (int64_t i = 0; i < all.size(); ++i) {
    if ((place.at(all.labels[i]) % of == fold) != inside) continue;
    part.labels.push_back(all.labels[i]);
    const float* row = all.rows.data() + i * all.width;
    part.rows.insert(part.rows.end(), row, row + all.width);
  }
  return part;
}

bool HasBothKinds(const metric::PairScores& scores) {
  return !scores.genuine().empty() && !scores.impostor().empty();
}

void TakeThreshold(const metric::PairScores& others,
                   const metric::PairScores& judged, Figures* figures) {
  if (!HasBothKinds(others) || !HasBothKinds(judged)) return;
  figures->threshold = metric::BestThreshold(others, true);
  figures->accuracy = metric::BalancedAccuracyAt(judged, figures->threshold);
}

// Each fold by the threshold of the others; the mean over the folds.
void CrossThreshold(metric::Distance kind, const Embeddings& all,
                    const map<int, int>& place, Figures* figures) {
  double accuracy = 0, threshold = 0;
  int folds = 0;
  for (int fold = 0; fold < kFoldsWithoutFold; ++fold) {
    Figures one;
    TakeThreshold(Pairs(kind, Part(all, place, fold, kFoldsWithoutFold, false)),
                  Pairs(kind, Part(all, place, fold, kFoldsWithoutFold, true)),
                  &one);
    if (std::isnan(one.accuracy)) continue;
    accuracy += one.accuracy;
    threshold += one.threshold;
    ++folds;
  }
  if (folds == 0) return;
  figures->accuracy = accuracy / folds;
  figures->threshold = threshold / folds;
}

Figures Judge(metric::Distance kind, const vector<Identity>& people,
              Embedder* embedder) {
  const bool folded = FLAGS_of > 0;
  const Embeddings all = EmbedPeople(people, embedder);
  map<int, int> place;
  for (size_t i = 0; i < people.size(); ++i) {
    place[people[i].label] = static_cast<int>(i);
  }
  const Embeddings judged =
      folded ? Part(all, place, FLAGS_fold, FLAGS_of, true) : all;
  const metric::PairScores scores = JudgedPairs(kind, judged);
  Figures f;
  f.people = static_cast<int>(
      set<int>(judged.labels.begin(), judged.labels.end()).size());
  f.images = judged.size();
  f.genuine = static_cast<int64_t>(scores.genuine().size());
  f.impostor = static_cast<int64_t>(scores.impostor().size());
  f.auc = metric::RocAuc(scores);
  f.eer = metric::EqualErrorRate(scores).rate;
  f.recall = metric::RecallAt1(kind, judged.rows.data(), judged.labels.data(),
                               judged.size(), judged.width);
  if (folded) {
    TakeThreshold(Pairs(kind, Part(all, place, FLAGS_fold, FLAGS_of, false)),
                  scores, &f);
  } else {
    CrossThreshold(kind, all, place, &f);
  }
  return f;
}

void PrintTable(const Figures& f) {
  std::printf("people              %d\n", f.people);
  std::printf("images              %lld\n", static_cast<long long>(f.images));
  std::printf("genuine pairs       %lld\n", static_cast<long long>(f.genuine));
  std::printf("impostor pairs      %lld\n", static_cast<long long>(f.impostor));
  std::printf("ROC AUC             %.4f\n", f.auc);
  std::printf("EER                 %.4f\n", f.eer);
  if (std::isnan(f.accuracy)) {
    std::printf("accuracy            none: there are no other people to take "
                "a threshold from\n");
  } else {
    std::printf("accuracy            %.4f  (mean of both kinds of pairs, at "
                "the threshold %.4f of other people)\n",
                f.accuracy, f.threshold);
  }
  std::printf("Recall@1            %.4f\n", f.recall);
}

string Number(double value) {
  if (std::isnan(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof(text), "%.6f", value);
  return text;
}

void PrintJson(const Figures& f) {
  std::printf(
      "{\"people\": %d, \"images\": %lld, \"genuine_pairs\": %lld, "
      "\"impostor_pairs\": %lld, \"auc\": %s, \"eer\": %s, "
      "\"accuracy\": %s, \"threshold\": %s, \"recall_at_1\": %s}\n",
      f.people, static_cast<long long>(f.images),
      static_cast<long long>(f.genuine), static_cast<long long>(f.impostor),
      Number(f.auc).c_str(), Number(f.eer).c_str(), Number(f.accuracy).c_str(),
      Number(f.threshold).c_str(), Number(f.recall).c_str());
}

void CheckFlags() {
  RequireFlag("model");
  RequireFlag("images");
  if (!FLAGS_pixels) RequireFlag("weights");
  USAGE_CHECK(FLAGS_format == "table" || FLAGS_format == "json")
      << "--format=" << FLAGS_format << ": wanted table or json";
  RequireAtLeast("of", FLAGS_of, 0);
  USAGE_CHECK(FLAGS_of > 0 || !FlagGiven("fold"))
      << "--fold=" << FLAGS_fold << ": wants --of, the number of folds";
  USAGE_CHECK(FLAGS_of == 0 || (FLAGS_fold >= 0 && FLAGS_fold < FLAGS_of))
      << "--fold=" << FLAGS_fold << ": wanted 0 to " << FLAGS_of - 1;
}

int Run() {
  CheckFlags();
  const metric::Distance kind = DistanceByName(FLAGS_distance);
  const ImageOptions options = ImageOptionsFromFlags();
  UseThreads(FLAGS_threads);
  UseGpu(FLAGS_gpu);
  LoadLayerLibraries(FLAGS_layers);
  Caffe::set_random_seed(FLAGS_seed);
  const bool loads = !FLAGS_pixels && FLAGS_weights != "none";
  Embedder embedder(FLAGS_model, loads ? FLAGS_weights : "", FLAGS_blob,
                    FLAGS_pixels, options);
  const Figures figures =
      Judge(kind, ReadIdentities(FLAGS_images, FLAGS_root), &embedder);
  ReleaseLog();
  if (FLAGS_format == "json") {
    PrintJson(figures);
  } else {
    PrintTable(figures);
  }
  return 0;
}

}  // namespace
}  // namespace caffe

int main(int argc, char** argv) {
  return caffe::ToolMain(
      argc, argv,
      "evaluate --model=F --weights=F --images=DIR|LIST [--fold=0 --of=5] "
      "[--format=table|json]\n\n"
      "Verifies the people of a folder: ROC AUC, EER, accuracy, Recall@1.",
      caffe::Run);
}
