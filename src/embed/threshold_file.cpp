// Reading and writing threshold files.
#include "embed/threshold_file.hpp"

#include <google/protobuf/text_format.h>

#include <cmath>
#include <map>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "core/split_list.hpp"
#include "net/prototxt.hpp"

namespace caffe {
namespace {

namespace pb = google::protobuf;

constexpr char kDistances[] = "squared_l2, l2, cosine or l1";

const std::map<std::string, metric::Distance>& Distances() {
  static const std::map<std::string, metric::Distance> kNames = {
      {"squared_l2", metric::Distance::kSquaredL2},
      {"l2", metric::Distance::kL2},
      {"cosine", metric::Distance::kCosine},
      {"l1", metric::Distance::kL1}};
  return kNames;
}

// Refuses values that are none; a field stands at `path`:line.
void CheckValues(const VerificationThreshold& t, const std::string& path,
                 const std::map<std::string, int>& lines) {
  const auto at = [&](const char* field) {
    const auto line = lines.find(field);
    return line == lines.end()
               ? path + ": "
               : path + ":" + std::to_string(line->second) + ": ";
  };
  INPUT_CHECK(t.has_threshold()) << path << ": has no threshold";
  INPUT_CHECK(std::isfinite(t.threshold()))
      << at("threshold") << "threshold is " << t.threshold()
      << "; wanted a finite number";
  INPUT_CHECK(t.has_distance())
      << path << ": has no distance; wanted " << kDistances;
  INPUT_CHECK(Distances().count(t.distance()) > 0)
      << at("distance") << "unknown distance '" << t.distance()
      << "'; wanted " << kDistances;
  INPUT_CHECK(!t.has_far() || (t.far() > 0 && t.far() < 1))
      << at("far") << "far is " << t.far() << "; wanted a share between 0 and "
      << "1";
  INPUT_CHECK(!t.has_tar() || (t.tar() >= 0 && t.tar() <= 1))
      << at("tar") << "tar is " << t.tar() << "; wanted a share from 0 to 1";
  INPUT_CHECK(!t.has_impostor_pairs() || t.impostor_pairs() > 0)
      << at("impostor_pairs") << "impostor_pairs is " << t.impostor_pairs()
      << "; wanted 1 or more";
}

}  // namespace

metric::Distance DistanceByName(const std::string& name) {
  const auto found = Distances().find(name);
  INPUT_CHECK(found != Distances().end())
      << "--distance=" << name << ": wanted " << kDistances;
  return found->second;
}

std::string ThresholdPath(const std::string& weights) {
  const std::vector<std::string> files = SplitList(weights);
  return files.empty() ? "" : files.back() + ".threshold";
}

void WriteThreshold(const std::string& path,
                    const VerificationThreshold& threshold) {
  CheckValues(threshold, path, {});
  std::string text;
  CHECK(pb::TextFormat::PrintToString(threshold, &text));
  WriteFileAtomically(path, text);
}

VerificationThreshold ReadThreshold(const std::string& path) {
  VerificationThreshold threshold;
  std::map<std::string, int> lines;
  ReadPrototxt(path, &threshold, &lines);
  CheckValues(threshold, path, lines);
  return threshold;
}

}  // namespace caffe
