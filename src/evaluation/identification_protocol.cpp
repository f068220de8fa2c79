// Two folders or two lists become labels that are common to both; the ranking
// and its figures are evaluation/retrieval.hpp's.
#include "evaluation/identification_protocol.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "caffe/check.hpp"
#include "data/identity_list.hpp"
#include "data/list_file.hpp"
#include "evaluation/row_lengths.hpp"

namespace caffe {

namespace {

constexpr int kJunk = -1;
constexpr char kJunkFolder[] = "-1";

bool IsFolder(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_directory(path, code);
}

// Names get their numbers in `people`, which the other folder shares.
LabelledImages ReadFolderByName(const std::string& folder,
                                std::map<std::string, int>* people) {
  LabelledImages images;
  for (const Identity& person : ReadIdentities(folder, "")) {
    if (person.name == kJunkFolder) {
      images.listed += static_cast<int64_t>(person.images.size());
      images.junk += static_cast<int64_t>(person.images.size());
      continue;
    }
    const int label =
        people->emplace(person.name, static_cast<int>(people->size()))
            .first->second;
    for (const std::string& path : person.images) {
      images.paths.push_back(path);
      images.labels.push_back(label);
      images.places.push_back(images.listed++);
    }
  }
  return images;
}

// Cuts the last word, a number from `least` on, off a line.
bool CutNumber(int least, std::string* text, int* number) {
  std::string front, word;
  int64_t value = 0;
  if (!CutLastWord(*text, &front, &word) || !ParseWholeNumber(word, &value) ||
      value < least || value > kMaxListLabel) {
    return false;
  }
  *text = front;
  *number = static_cast<int>(value);
  return true;
}

LabelledImages ReadListInOrder(const std::string& list,
                               const IdentificationLists& lists) {
  const ListPaths path_of(list, lists.root);
  const std::vector<ListLine> lines = ReadListLines(list);
  const std::string wanted = lists.cameras ? "path label camera" : "path label";
  ListFault form, missing;
  RepeatedImages repeated;
  LabelledImages images;
  for (const ListLine& line : lines) {
    std::string text = line.text;
    int camera = 0, label = 0;
    // What is junk may have any camera.
    if ((lists.cameras && !CutNumber(kJunk, &text, &camera)) ||
        !CutNumber(kJunk, &text, &label) || (label != kJunk && camera < 0)) {
      form.Add(line.number, "found " + Quoted(line.text) + "; wanted `" +
                                wanted + "`, numbers from 0 to " +
                                std::to_string(kMaxListLabel) +
                                " (or the label -1: of nobody)" +
                                CommaHint(line.text));
      continue;
    }
    const int64_t place = images.listed++;
    if (label == kJunk) {
      ++images.junk;
      continue;
    }
    images.places.push_back(place);
    const std::string path = path_of(text);
    if (lists.on_disk && !IsFile(path)) {
      missing.Add(line.number,
                  "no such image: " + path +
                      (missing.empty() ? path_of.Hint(text) : ""));
    }
    repeated.Add(line.number, text);
    images.paths.push_back(lists.on_disk ? path : text);
    images.labels.push_back(label);
    if (lists.cameras) images.cameras.push_back(camera);
  }
  form.Throw(list, "lines", lines.size());
  missing.Throw(list, "lines", lines.size());
  repeated.Warn(list, lines.size());
  return images;
}

metric::PeopleRows RowsOf(const LabelledImages& images,
                          const std::vector<float>& rows) {
  return metric::PeopleRows{
      rows.data(), images.labels.data(),
      images.cameras.empty() ? nullptr : images.cameras.data(),
      static_cast<int64_t>(images.labels.size())};
}

// A probe that is in the gallery finds itself. With cameras it does not: what
// the probe's own camera has of its person is left out.
void WarnOfProbesInGallery(const IdentificationLists& lists,
                           const GalleryAndProbes& images) {
  const std::set<std::string> gallery(images.gallery.paths.begin(),
                                      images.gallery.paths.end());
  const auto count =
      std::count_if(images.probes.paths.begin(), images.probes.paths.end(),
                    [&](const std::string& p) { return gallery.count(p) > 0; });
  if (count == 0 || lists.cameras) return;
  LOG(WARNING) << lists.probes << ": " << count << " of "
               << images.probes.paths.size() << " probes are images of "
               << lists.gallery << ", too: each finds itself";
}

void WarnOfJunk(const std::string& list, const LabelledImages& images) {
  INPUT_CHECK(!images.paths.empty())
      << list << ": all of its " << images.junk
      << " images have label -1: of nobody";
  if (images.junk == 0) return;
  LOG(WARNING) << list << ": passed over " << images.junk << " of "
               << images.listed
               << " images: their label is -1, of nobody";
}

GalleryAndProbes ReadLists(const IdentificationLists& lists) {
  const bool folders = IsFolder(lists.gallery);
  INPUT_CHECK(folders == IsFolder(lists.probes))
      << (folders ? lists.probes : lists.gallery) << ": is no folder, but "
      << (folders ? lists.gallery : lists.probes)
      << " is one; wanted two folders or two lists";
  GalleryAndProbes images;
  if (!folders) {
    images.gallery = ReadListInOrder(lists.gallery, lists);
    images.probes = ReadListInOrder(lists.probes, lists);
    return images;
  }
  INPUT_CHECK(!lists.cameras)
      << lists.gallery << ": a folder tells no cameras; wanted two lists with "
      << "lines `path label camera`";
  std::map<std::string, int> people;
  images.gallery = ReadFolderByName(lists.gallery, &people);
  images.probes = ReadFolderByName(lists.probes, &people);
  return images;
}

}  // namespace

GalleryAndProbes ReadGalleryAndProbes(const IdentificationLists& lists) {
  const GalleryAndProbes images = ReadLists(lists);
  WarnOfJunk(lists.gallery, images.gallery);
  WarnOfJunk(lists.probes, images.probes);
  WarnOfProbesInGallery(lists, images);
  return images;
}

std::vector<float> KeepRows(const LabelledImages& images,
                            const std::vector<float>& rows, int width) {
  CHECK_EQ(rows.size(), images.listed * width);
  std::vector<float> kept;
  for (const int64_t place : images.places) {
    kept.insert(kept.end(), rows.begin() + place * width,
                rows.begin() + (place + 1) * width);
  }
  return kept;
}

std::vector<metric::Interval> IntervalsOfMeans(
    const metric::BootstrapOptions& options, const metric::PersonSums& sums) {
  const size_t people = sums.labels.size();
  const size_t figures = people == 0 ? 0 : sums.sums.size() / people;
  std::vector<int> person;
  for (size_t p = 0; p < people; ++p) {
    person.insert(person.end(), sums.queries[p], static_cast<int>(p));
  }
  std::vector<metric::Interval> intervals;
  std::vector<double> value(person.size());
  for (size_t f = 0; f < figures; ++f) {
    // Each query stands for the mean of its person's: the sums are the same.
    for (size_t k = 0; k < person.size(); ++k) {
      value[k] = sums.sums[person[k] * figures + f] /
                 static_cast<double>(sums.queries[person[k]]);
    }
    intervals.push_back(metric::BootstrapMean(options, value, person.data(),
                                              static_cast<int>(people)));
  }
  return intervals;
}

namespace {

// All of the gallery by distance for one probe, but for what its own camera has
// of its person; no answers where it has no mate.
RankedProbe RankOf(metric::Distance distance, const GalleryAndProbes& images,
                   const std::vector<float>& gallery, const float* probe, int p,
                   int width) {
  constexpr size_t kAnswers = 8;
  const LabelledImages& known = images.gallery;
  RankedProbe ranked = {p, 0, {}};
  for (size_t g = 0; g < known.labels.size(); ++g) {
    const bool right = known.labels[g] == images.probes.labels[p];
    if (right && !known.cameras.empty() &&
        known.cameras[g] == images.probes.cameras[p]) {
      continue;
    }
    ranked.answers.push_back(
        {static_cast<int>(g),
         metric::RowDistance(distance, probe, &gallery[g * width], width),
         right});
  }
  std::stable_sort(ranked.answers.begin(), ranked.answers.end(),
                   [](const auto& a, const auto& b) {
                     return a.distance < b.distance;
                   });
  const auto mate =
      std::find_if(ranked.answers.begin(), ranked.answers.end(),
                   [](const auto& answer) { return answer.right; });
  const bool none = mate == ranked.answers.end();
  ranked.mate_rank = none ? 0 : mate - ranked.answers.begin() + 1;
  ranked.answers.resize(
      none ? 0 : std::min(kAnswers, ranked.answers.size()));
  return ranked;
}

std::vector<RankedProbe> WorstProbes(const IdentificationProtocol& protocol,
                                     const GalleryAndProbes& images,
                                     const std::vector<float>& gallery,
                                     const std::vector<float>& probes,
                                     int width) {
  constexpr int64_t kMost = 200;
  const int64_t all = static_cast<int64_t>(images.probes.labels.size());
  const int64_t step = std::max<int64_t>(1, (all + kMost - 1) / kMost);
  std::vector<RankedProbe> worst;
  for (int64_t p = 0; protocol.worst > 0 && p < all; p += step) {
    RankedProbe ranked = RankOf(protocol.distance, images, gallery,
                                &probes[p * width], static_cast<int>(p), width);
    if (!ranked.answers.empty()) worst.push_back(std::move(ranked));
  }
  std::stable_sort(worst.begin(), worst.end(),
                   [](const RankedProbe& a, const RankedProbe& b) {
                     return a.mate_rank > b.mate_rank;
                   });
  if (static_cast<int64_t>(worst.size()) > protocol.worst) {
    worst.resize(protocol.worst);
  }
  return worst;
}

}  // namespace

IdentificationReport JudgeIdentification(const IdentificationProtocol& protocol,
                                         const GalleryAndProbes& images,
                                         const std::vector<float>& gallery,
                                         const std::vector<float>& probes,
                                         int width) {
  CHECK_EQ(gallery.size(), images.gallery.labels.size() * width);
  CHECK_EQ(probes.size(), images.probes.labels.size() * width);
  WarnOfLengths(protocol.distance, {&gallery, &probes}, width);
  const metric::Identification found = metric::Identify(
      protocol.distance, RowsOf(images.gallery, gallery),
      RowsOf(images.probes, probes), width, protocol.max_rank);
  IdentificationReport report;
  report.people = static_cast<int>(found.people.labels.size());
  report.gallery = static_cast<int64_t>(images.gallery.labels.size());
  report.probes = static_cast<int64_t>(images.probes.labels.size());
  report.junk = images.gallery.junk + images.probes.junk;
  report.without_mate = found.without_mate;
  report.cameras = !images.gallery.cameras.empty();
  for (const double hits : found.figures.cmc) {
    report.cmc.push_back(Figure());
    report.cmc.back().value = hits;
  }
  report.worst = WorstProbes(protocol, images, gallery, probes, width);
  report.map.value = found.figures.map;
  report.map_interpolated.value = found.figures.map_interpolated;
  if (protocol.replicates == 0) return report;
  metric::BootstrapOptions options;
  options.replicates = protocol.replicates;
  options.seed = protocol.seed;
  const std::vector<metric::Interval> intervals =
      IntervalsOfMeans(options, found.people);
  for (size_t r = 0; r < report.cmc.size(); ++r) {
    report.cmc[r].interval = intervals[r];
  }
  report.map.interval = intervals[report.cmc.size()];
  report.map_interpolated.interval = intervals[report.cmc.size() + 1];
  report.replicates = protocol.replicates;
  return report;
}

}  // namespace caffe
