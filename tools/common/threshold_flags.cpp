// The flags that the fields of a threshold file stand for, by their names.
#include "tools/common/threshold_flags.hpp"

#include <string>

#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

namespace pb = google::protobuf;

constexpr char kConcat[] = "concat";

// A flag's value in the word that a file's settings have for it.
std::string WordOf(const gflags::CommandLineFlagInfo& flag) {
  const bool mean = flag.name == "flip" && flag.current_value == "mean";
  return mean ? "true" : flag.current_value;
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
  if (flag.name == "flip" && threshold.flip_concat()) return kConcat;
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

metric::Distance DistanceOfFlag(const std::string& name) {
  try {
    return DistanceByName(name);
  } catch (const Error& error) {
    throw error.As(Error::kUsage);
  }
}

void StoreSettings(VerificationThreshold* threshold) {
  ForEachSetting([&](const pb::FieldDescriptor& field,
                     const gflags::CommandLineFlagInfo& flag) {
    const pb::Reflection& reflection = *threshold->GetReflection();
    reflection.ClearField(threshold, &field);
    if (WordOf(flag) == flag.default_value && flag.name != "distance") {
      return;
    }
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      reflection.SetString(threshold, &field, flag.current_value);
    } else {
      reflection.SetBool(threshold, &field, true);
      if (flag.current_value == kConcat) threshold->set_flip_concat(true);
    }
  });
}

void UseSettings(const VerificationThreshold& threshold,
                 const std::string& path) {
  ForEachSetting([&](const pb::FieldDescriptor& field,
                     const gflags::CommandLineFlagInfo& flag) {
    const std::string value = ValueOf(field, threshold, flag);
    if (WordOf(flag) == value) return;
    USAGE_CHECK(!FlagGiven(flag.name))
        << "--" << flag.name << "=" << flag.current_value
        << ": the threshold of " << path << " was found "
        << (value.empty() ? "without it" : "with --" + flag.name + "=" + value)
        << "; give another with --threshold";
    SetFlag(flag.name, value);
  });
}

}  // namespace caffe
