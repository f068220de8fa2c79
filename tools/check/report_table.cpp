// The table of report_text.hpp.
#include <algorithm>
#include <vector>

#include "tools/check/report_text.hpp"

namespace caffe {

namespace {

constexpr size_t kShown = 20;

// A name cannot break a line.
std::string Shown(const std::string& text) {
  std::string shown = text;
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return shown;
}

class Table {
 public:
  void Line(const std::string& name, const std::string& value) {
    constexpr size_t kWidth = 20;
    text_ += name + std::string(kWidth - name.size(), ' ') + value + "\n";
  }
  // Some lines of the kind above.
  void Items(const std::vector<std::string>& items, size_t most) {
    const size_t count = std::min(most, items.size());
    for (size_t i = 0; i < count; ++i) text_ += "  " + Shown(items[i]) + "\n";
    if (count == items.size()) return;
    text_ += "  ... and " + std::to_string(items.size() - count) +
             " more (--format=json has them)\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string Size(const std::pair<int, int>& size) {
  return std::to_string(size.first) + "x" + std::to_string(size.second);
}

// "3 JPEG, 1 PNG".
template <typename Counts>
std::string ListOf(const Counts& counts) {
  std::string text;
  for (const auto& entry : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(entry.second) + " " +
            entry.first;
  }
  return text.empty() ? "none" : text;
}

std::string SizesOf(const ImageCheckReport& report) {
  if (report.sizes.empty()) return "none";
  const auto area = [](const auto& size) {
    return int64_t{size.first.first} * size.first.second;
  };
  const auto& sizes = report.sizes;
  const auto least = std::min_element(
      sizes.begin(), sizes.end(),
      [&](const auto& a, const auto& b) { return area(a) < area(b); });
  const auto largest = std::max_element(
      sizes.begin(), sizes.end(),
      [&](const auto& a, const auto& b) { return area(a) < area(b); });
  const auto most = std::max_element(
      sizes.begin(), sizes.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  if (sizes.size() == 1) return Size(most->first) + " (height x width)";
  return std::to_string(sizes.size()) + " (height x width): " +
         Size(least->first) + " to " + Size(largest->first) + ", most often " +
         Size(most->first) + " (" + std::to_string(most->second) + ")";
}

std::string TurnedOf(const ImageCheckReport& report) {
  size_t turned = 0;
  std::string kinds;
  for (const auto& entry : report.turned) {
    turned += entry.second;
    kinds += (kinds.empty() ? " (" : ", ") + std::to_string(entry.second) +
             " of " + std::to_string(entry.first);
  }
  return std::to_string(turned) + (kinds.empty() ? "" : kinds + ")");
}

void AddGroups(const std::string& name,
               const std::vector<ImageCheckReport::Group>& groups,
               Table* table) {
  size_t across = 0;
  std::vector<std::string> lines;
  for (const ImageCheckReport::Group& group : groups) {
    across += group.across;
    std::string line;
    for (const std::string& path : group.paths) {
      line += (line.empty() ? "" : " = ") + path;
    }
    lines.push_back(line + (group.across ? " (several identities)" : ""));
  }
  table->Line(name, std::to_string(groups.size()) + " groups" +
                        (across > 0 ? ", " + std::to_string(across) +
                                          " across identities"
                                    : ""));
  table->Items(lines, kShown);
}

void AddIdentities(const ImageCheckReport& report, const ImageNeeds& needs,
                   Table* table) {
  std::vector<std::string> few, shared;
  for (const ImageCheckReport::Identity& identity : report.few) {
    few.push_back(report.sources[identity.source].path + ": " +
                  identity.name + " (" + std::to_string(identity.images) +
                  ")");
  }
  for (const ImageCheckReport::Shared& identity : report.shared) {
    std::string line = identity.name + ":";
    for (const size_t source : identity.sources) {
      line += " " + report.sources[source].path;
    }
    shared.push_back(line);
  }
  table->Line("too few images", std::to_string(few.size()) +
                                    " identities with fewer than " +
                                    std::to_string(needs.least_images));
  table->Items(few, kShown);
  if (report.sources.size() < 2) return;
  table->Line("in several sources",
              std::to_string(shared.size()) + " identities");
  table->Items(shared, kShown);
}

void AddSources(const ImageCheckReport& report, Table* table) {
  for (const ImageCheckReport::Source& source : report.sources) {
    table->Line(source.folder ? "folder" : "list", Shown(source.path) + ": " +
                    std::to_string(source.images) + " images, " +
                    std::to_string(source.identities) + " identities");
    if (!source.left_out.empty()) table->Line("  left out", source.left_out);
    if (!source.empty.empty()) {
      table->Line("  without images", std::to_string(source.empty.size()) +
                                          " person folders, left out");
      table->Items(source.empty, kShown);
    }
    if (source.of_nobody > 0) {
      table->Line("  of nobody", std::to_string(source.of_nobody) +
                                     " images with label -1, passed over");
    }
    if (source.identities == 0 && source.images > 0) {
      table->Line("  no people", "images alone, for extract or as triplets");
    }
  }
}

}  // namespace

std::string TableOf(const ImageCheckReport& report, const ImageNeeds& needs) {
  Table table;
  AddSources(report, &table);
  table.Line("faults", std::to_string(report.faults.size()) +
                           " of folders and lists");
  table.Items(report.faults, report.faults.size());
  table.Line("cannot be read", std::to_string(report.broken.size()) +
                                   " images");
  table.Items(report.broken, report.broken.size());
  table.Line("formats", ListOf(report.formats));
  table.Line("colours", std::to_string(report.gray) + " gray, " +
                            std::to_string(report.color) + " in colour");
  table.Line("sizes", SizesOf(report));
  table.Line("turned by Exif", TurnedOf(report));
  if (needs.to_height > 0) {
    table.Line("squeezed", std::to_string(report.squeezed) +
                               " by more than a tenth, in the resize to " +
                               Size({needs.to_height, needs.to_width}));
  }
  AddGroups("one file twice", report.same_file, &table);
  AddGroups("same content", report.same_content, &table);
  AddIdentities(report, needs, &table);
  table.Line("unreadable names", std::to_string(report.names.size()));
  table.Items(report.names, kShown);
  table.Line("would stop a run", report.stops.empty() ? "nothing" : "");
  table.Items(report.stops, report.stops.size());
  return table.text();
}

}  // namespace caffe
