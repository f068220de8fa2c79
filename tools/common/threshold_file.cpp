// Reading and writing threshold files, and the flags that they stand for.
#include "tools/common/threshold_file.hpp"

#include <google/protobuf/text_format.h>

#include <cmath>
#include <map>
#include <vector>

#include "caffe/util/io.hpp"
#include "net/prototxt.hpp"
#include "tools/common/tool_main.hpp"

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

// A field's value in the words of a flag; the flag's default where absent.
std::string ValueOf(const pb::FieldDescriptor& field,
                    const VerificationThreshold& threshold,
                    const gflags::CommandLineFlagInfo& flag) {
  const pb::Reflection& reflection = *threshold.GetReflection();
  if (!reflection.HasField(threshold, &field)) return flag.default_value;
  if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
    return reflection.GetString(threshold, &field);
  }
  return reflection.GetBool(threshold, &field) ? "true" : "false";
}

// Calls use(field, flag) for each setting that this tool has a flag for.
template <typename Use>
void ForEachSetting(const Use& use) {
  const pb::Descriptor& type = *VerificationThreshold::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING &&
        field.cpp_type() != pb::FieldDescriptor::CPPTYPE_BOOL) {
      continue;
    }
    gflags::CommandLineFlagInfo flag;
    const std::string name(field.name());
    if (gflags::GetCommandLineFlagInfo(name.c_str(), &flag)) use(field, flag);
  }
}

}  // namespace

metric::Distance DistanceByName(const std::string& name) {
  const auto found = Distances().find(name);
  USAGE_CHECK(found != Distances().end())
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

void StoreSettings(VerificationThreshold* threshold) {
  ForEachSetting([&](const pb::FieldDescriptor& field,
                     const gflags::CommandLineFlagInfo& flag) {
    const pb::Reflection& reflection = *threshold->GetReflection();
    reflection.ClearField(threshold, &field);
    if (flag.current_value == flag.default_value && flag.name != "distance") {
      return;
    }
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      reflection.SetString(threshold, &field, flag.current_value);
    } else {
      reflection.SetBool(threshold, &field, flag.current_value == "true");
    }
  });
}

void UseSettings(const VerificationThreshold& threshold,
                 const std::string& path) {
  ForEachSetting([&](const pb::FieldDescriptor& field,
                     const gflags::CommandLineFlagInfo& flag) {
    const std::string value = ValueOf(field, threshold, flag);
    if (flag.current_value == value) return;
    USAGE_CHECK(!FlagGiven(flag.name))
        << "--" << flag.name << "=" << flag.current_value
        << ": the threshold of " << path << " was found "
        << (value.empty() ? "without it" : "with --" + flag.name + "=" + value)
        << "; give another with --threshold";
    SetFlag(flag.name, value);
  });
}

}  // namespace caffe
