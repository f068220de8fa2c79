// Mines triplets over a whole folder of people: embeds each image, lets
// mining/offline_mining.hpp choose, and writes the list that TripletData reads.
//
// What can be refused is refused before images are embedded, which takes the
// time: the list's file is open by then, under its temporary name.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "data/identity_list.hpp"
#include "data/image_survey.hpp"
#include "data/list_file.hpp"
#include "caffe/mining/offline_mining.hpp"
#include "caffe/util/io.hpp"
#include "evaluation/row_lengths.hpp"
#include "tools/common/image_flags.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/common/weights_flag.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(string, model, "", "the deploy net (prototxt)");
TERCET_FLAG(string, weights, "",
            "a .caffemodel, or several between commas; none: as initialised");
TERCET_FLAG(string, images, "",
            "a folder with one folder per person, or a list");
TERCET_FLAG(string, root, "", "the folder that a list's paths are relative to");
TERCET_FLAG(string, out, "", "the list of triplets to write");
TERCET_FLAG(string, out_root, "",
            "the folder that the written paths are relative to, which "
            "TripletData has as root_folder (default: the one of --out, which "
            "needs no root_folder)");
TERCET_FLAG(string, blob, "", "the embedding (default: the net's only output)");
TERCET_FLAG(string, mining, "semi_hard",
            "semi_hard (for each anchor and positive the nearest negative that "
            "is farther) or hard (for each anchor the farthest positive and "
            "the nearest negative)");
TERCET_FLAG(string, distance, "squared_l2", "squared_l2, l2 or cosine");
TERCET_FLAG(double, margin, 0.2, "the margin that triplets are held against");
TERCET_FLAG(bool, violating, false,
            "write only triplets that violate the margin");
TERCET_FLAG(int64_t, positives, 0,
            "of semi_hard: so many positives an anchor, drawn (0: all)");
TERCET_FLAG(int64_t, max_triplets, 0,
            "write so many triplets at most, drawn from all (0: all)");
TERCET_FLAG(int64_t, seed, 1,
            "the seed of what is drawn, and of weights that are not loaded");

namespace fs = std::filesystem;
using metric::OfflineTriplet;

metric::OfflineMiningOptions ReadOptions() {
  static const map<string, metric::Mining> kMinings = {
      {"hard", metric::Mining::kBatchHard},
      {"semi_hard", metric::Mining::kSemiHard}};
  static const map<string, metric::Distance> kDistances = {
      {"squared_l2", metric::Distance::kSquaredL2},
      {"l2", metric::Distance::kL2},
      {"cosine", metric::Distance::kCosine}};
  USAGE_CHECK(kMinings.count(FLAGS_mining) > 0)
      << "--mining=" << FLAGS_mining << ": wanted hard or semi_hard";
  USAGE_CHECK(kDistances.count(FLAGS_distance) > 0)
      << "--distance=" << FLAGS_distance
      << ": wanted squared_l2, l2 or cosine";
  USAGE_CHECK(FLAGS_margin >= 0 && std::isfinite(FLAGS_margin))
      << "--margin=" << FLAGS_margin << ": wanted a finite number from 0 up";
  RequireAtLeast("positives", FLAGS_positives, 0);
  RequireAtLeast("max_triplets", FLAGS_max_triplets, 0);
  metric::OfflineMiningOptions options;
  options.mining = kMinings.at(FLAGS_mining);
  options.distance = kDistances.at(FLAGS_distance);
  options.margin = FLAGS_margin;
  options.violating = FLAGS_violating;
  options.positives = FLAGS_positives;
  options.seed = FLAGS_seed;
  USAGE_CHECK(options.mining == metric::Mining::kSemiHard ||
              FLAGS_positives == 0)
      << "--positives=" << FLAGS_positives
      << ": hard mining takes one positive an anchor, the farthest";
  return options;
}

// Those with images; two or more, and one of them with two images.
vector<Identity> ReadPeople(int64_t max_pixels) {
  vector<Identity> people = ReadIdentities(FLAGS_images, FLAGS_root);
  if (SkipBroken()) people = WithoutBroken(people, max_pixels, FLAGS_images);
  people = KeepWithImages(people, 1, 2, FLAGS_images);
  const bool pairs = std::any_of(
      people.begin(), people.end(),
      [](const Identity& person) { return person.images.size() > 1; });
  INPUT_CHECK(pairs) << FLAGS_images
                     << ": triplets take a person with at least 2 images; "
                     << "none of " << people.size()
                     << " people has more than one";
  return people;
}

// Paths as the list has them. The base has no links, so that ".." leads out of
// it as it reads.
vector<string> WrittenPaths(const vector<string>& paths) {
  const string base = FLAGS_out_root.empty()
                          ? fs::path(FLAGS_out).parent_path().string()
                          : FLAGS_out_root;
  std::error_code code;
  const fs::path from = fs::canonical(base.empty() ? "." : base, code);
  INPUT_CHECK(!code || FLAGS_out_root.empty())
      << "--out_root=" << FLAGS_out_root << ": no such folder";
  INPUT_CHECK(!code) << FLAGS_out
                     << ": cannot be written: no such file or folder";
  vector<string> written;
  for (const string& path : paths) {
    written.push_back(fs::absolute(path).lexically_relative(from).string());
    const string& name = written.back();
    INPUT_CHECK(name.find_first_of("\t\r\n\v\f") == string::npos &&
                name.front() != ' ')
        << path << ": a list of triplets cannot hold a name with a tab or a "
        << "line's end, or a blank in front";
  }
  return written;
}

vector<float> EmbedAll(const vector<string>& paths, Embedder* embedder) {
  const vector<float> rows = embedder->Embed(paths, FLAGS_images);
  const int64_t width = embedder->width();
  for (size_t i = 0; i < rows.size(); ++i) {
    INPUT_CHECK(std::isfinite(rows[i]))
        << paths[i / width] << ": its embedding holds " << rows[i]
        << " (coordinate " << i % width << "), but must be finite";
  }
  return rows;
}

// `count` of the triplets, drawn evenly, in their order.
void DrawSome(int64_t count, vector<OfflineTriplet>* triplets) {
  int64_t left = triplets->size();
  if (count == 0 || left <= count) return;
  Rng rng(FLAGS_seed, ~uint64_t{0});
  size_t kept = 0;
  for (const OfflineTriplet& triplet : *triplets) {
    const int64_t wanted = count - static_cast<int64_t>(kept);
    if (static_cast<int64_t>(rng.Below(left--)) < wanted) {
      (*triplets)[kept++] = triplet;
    }
  }
  triplets->resize(kept);
}

void CheckSize(const vector<OfflineTriplet>& triplets,
               const vector<string>& names) {
  int64_t bytes = 0;
  for (const OfflineTriplet& t : triplets) {
    bytes += names[t.anchor].size() + names[t.positive].size() +
             names[t.negative].size() + 3;
  }
  INPUT_CHECK(bytes <= kMaxListBytes)
      << FLAGS_out << ": " << triplets.size() << " triplets take " << bytes
      << " bytes, and lists of at most " << kMaxListBytes
      << " are read: --positives or --max_triplets make them fewer";
}

bool WriteTriplets(const vector<OfflineTriplet>& triplets,
                   const vector<string>& names, int fd) {
  constexpr size_t kChunk = 1 << 20;
  string text;
  for (const OfflineTriplet& t : triplets) {
    text += names[t.anchor] + '\t' + names[t.positive] + '\t' +
            names[t.negative] + '\n';
    if (text.size() < kChunk) continue;
    if (!WriteAll(fd, text.data(), text.size())) return false;
    text.clear();
  }
  return WriteAll(fd, text.data(), text.size());
}

// A negative that lies where its anchor lies may be the same person, or the
// same image.
void WarnOfDuplicates(const vector<OfflineTriplet>& triplets,
                      const vector<string>& paths) {
  constexpr double kShare = 1e-4;  // of the mean distance of a negative
  double sum = 0;
  for (const OfflineTriplet& t : triplets) sum += t.negative_distance;
  int64_t count = 0;
  const OfflineTriplet* first = nullptr;
  for (const OfflineTriplet& t : triplets) {
    if (!(t.negative_distance <= kShare * sum / triplets.size())) continue;
    if (count++ == 0) first = &t;
  }
  if (count == 0) return;
  LOG(WARNING) << count << " of " << triplets.size() << " triplets have a "
               << "negative that lies as good as at its anchor: the same image "
               << "under two people, or a wrong label? The first: "
               << paths[first->anchor] << " and " << paths[first->negative];
}

void PrintSummary(const ImagesOfPeople& people,
                  const metric::OfflineMining& mined) {
  double positive = 0, negative = 0;
  for (const OfflineTriplet& t : mined.triplets) {
    positive += t.positive_distance;
    negative += t.negative_distance;
  }
  const double count = mined.triplets.size();
  const auto single =
      std::count(people.counts.begin(), people.counts.end(), 1);
  ReleaseLog();
  std::printf("people              %zu\n", people.counts.size());
  std::printf("images              %zu\n", people.paths.size());
  std::printf("anchors             %lld",
              static_cast<long long>(mined.anchors));
  if (single > 0) {
    std::printf("  (people with one image, who are only negatives: %lld)",
                static_cast<long long>(single));
  }
  std::printf("\ntriplets mined      %lld\n",
              static_cast<long long>(mined.mined));
  std::printf("violate the margin  %lld  (%.1f%%, margin %g)\n",
              static_cast<long long>(mined.violating),
              100. * mined.violating / mined.mined, FLAGS_margin);
  std::printf("triplets written    %zu\n", mined.triplets.size());
  std::printf("mean d(a, p)        %.6g\n", positive / count);
  std::printf("mean d(a, n)        %.6g\n", negative / count);
}

metric::OfflineMining Mine(const metric::OfflineMiningOptions& options,
                           const ImagesOfPeople& people, Embedder* embedder) {
  const vector<float> rows = EmbedAll(people.paths, embedder);
  const string zeros = RowsWithoutDirection(options.distance, {&rows},
                                            embedder->width());
  if (!zeros.empty()) LOG(WARNING) << zeros;
  vector<float> labels;
  for (size_t i = 0; i < people.counts.size(); ++i) {
    labels.resize(labels.size() + people.counts[i], static_cast<float>(i));
  }
  metric::OfflineMining mined;
  try {
    mined = metric::MineOffline(options, rows.data(), labels.data(),
                                labels.size(), embedder->width());
  } catch (const Error& error) {
    throw error.At(FLAGS_images);
  }
  INPUT_CHECK(!mined.triplets.empty())
      << FLAGS_images << ": none of " << mined.mined
      << " triplets violates the margin " << FLAGS_margin;
  WarnOfDuplicates(mined.triplets, people.paths);
  DrawSome(FLAGS_max_triplets, &mined.triplets);
  return mined;
}

int Run() {
  RequireFlag("model");
  RequireWeights();
  for (const char* flag : {"images", "out"}) RequireFlag(flag);
  const metric::OfflineMiningOptions options = ReadOptions();
  const ImageOptions image_options = ImageOptionsFromFlags();
  SkipBroken();
  UseThreads(FLAGS_threads);
  UseGpu(FLAGS_gpu);
  LoadLayerLibraries(FLAGS_layers);
  Caffe::set_random_seed(FLAGS_seed);
  Embedder embedder(FLAGS_model, CheckedWeights(FLAGS_weights),
                    ToolEmbedder(FLAGS_blob, image_options));
  const ImagesOfPeople people = InARow(ReadPeople(embedder.max_pixels()));
  const vector<string> names = WrittenPaths(people.paths);
  metric::OfflineMining mined;
  WriteFileAtomically(FLAGS_out, [&](int fd) {
    mined = Mine(options, people, &embedder);
    CheckSize(mined.triplets, names);
    return WriteTriplets(mined.triplets, names, fd);
  });
  PrintSummary(people, mined);
  return 0;
}

const Command command(
    "mine_triplets", "mines triplets over a whole folder of people",
    "tercet mine_triplets --model=F --weights=F --images=DIR|LIST --out=F.txt "
    "[--mining=hard|semi_hard] [--violating]\n\n"
    "Mines triplets over a whole folder, for TripletData.",
    Run,
    {&flags, &image_flags, &broken_flag, &threads_flag, &gpu_flag,
     &layers_flag});

}  // namespace
}  // namespace caffe
