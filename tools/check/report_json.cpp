// The JSON of report_text.hpp.
#include <vector>

#include "tools/check/report_text.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {

namespace {

// A JSON array of what `text` makes of each item.
template <typename Items, typename Text>
std::string Array(const Items& items, const Text& text) {
  std::string array;
  for (const auto& item : items) {
    array += (array.empty() ? "" : ", ") + text(item);
  }
  return "[" + array + "]";
}

std::string Number(size_t value) { return std::to_string(value); }

std::string Words(const std::vector<std::string>& words) {
  return Array(words, JsonString);
}

std::string Key(const std::string& key) { return JsonString(key) + ": "; }

std::string Groups(const std::vector<ImageCheckReport::Group>& groups) {
  return Array(groups, [](const ImageCheckReport::Group& group) {
    return "{" + Key("images") + Words(group.paths) + ", " +
           Key("across_identities") + (group.across ? "true" : "false") + "}";
  });
}

std::string Sources(const ImageCheckReport& report) {
  return Array(report.sources, [](const ImageCheckReport::Source& source) {
    return "{" + Key("source") + JsonString(source.path) + ", " +
           Key("kind") + (source.folder ? "\"folder\"" : "\"list\"") + ", " +
           Key("images") + Number(source.images) + ", " + Key("identities") +
           Number(source.identities) + ", " + Key("left_out") +
           JsonString(source.left_out) + ", " + Key("without_images") +
           Words(source.empty) + ", " + Key("of_nobody") +
           Number(source.of_nobody) + "}";
  });
}

std::string Sizes(const ImageCheckReport& report) {
  return Array(report.sizes, [](const auto& size) {
    return "{" + Key("height") + std::to_string(size.first.first) + ", " +
           Key("width") + std::to_string(size.first.second) + ", " +
           Key("images") + Number(size.second) + "}";
  });
}

std::string Turned(const ImageCheckReport& report) {
  return Array(report.turned, [](const auto& entry) {
    return "{" + Key("orientation") + std::to_string(entry.first) + ", " +
           Key("images") + Number(entry.second) + "}";
  });
}

std::string Formats(const ImageCheckReport& report) {
  return Array(report.formats, [](const auto& entry) {
    return "{" + Key("format") + JsonString(entry.first) + ", " +
           Key("images") + Number(entry.second) + "}";
  });
}

std::string Few(const ImageCheckReport& report) {
  return Array(report.few, [&](const ImageCheckReport::Identity& identity) {
    return "{" + Key("identity") + JsonString(identity.name) + ", " +
           Key("source") + JsonString(report.sources[identity.source].path) +
           ", " + Key("images") + Number(identity.images) + "}";
  });
}

std::string Shared(const ImageCheckReport& report) {
  return Array(report.shared, [&](const ImageCheckReport::Shared& identity) {
    return "{" + Key("identity") + JsonString(identity.name) + ", " +
           Key("sources") + Array(identity.sources, [&](size_t source) {
             return JsonString(report.sources[source].path);
           }) + "}";
  });
}

}  // namespace

std::string JsonOf(const ImageCheckReport& report, const ImageNeeds& needs) {
  const std::vector<std::string> members = {
      Key("sources") + Sources(report),
      Key("images") + Number(report.images),
      Key("identities") + Number(report.identities),
      Key("faults") + Words(report.faults),
      Key("broken") + Words(report.broken),
      Key("formats") + Formats(report),
      Key("gray") + Number(report.gray),
      Key("colour") + Number(report.color),
      Key("sizes") + Sizes(report),
      Key("turned") + Turned(report),
      Key("squeezed") +
          (needs.to_height > 0 ? Number(report.squeezed) : "null"),
      Key("one_file_twice") + Groups(report.same_file),
      Key("same_content") + Groups(report.same_content),
      Key("least_images") + std::to_string(needs.least_images),
      Key("too_few_images") + Few(report),
      Key("in_several_sources") + Shared(report),
      Key("unreadable_names") + Words(report.names),
      Key("stops") + Words(report.stops),
  };
  std::string text;
  for (const std::string& member : members) {
    text += (text.empty() ? "" : ", ") + member;
  }
  return "{" + text + "}\n";
}

}  // namespace caffe
