// Lines of lists, as said in the header. A list is read whole before anything
// is said about it, so that an error can tell how many of its lines share the
// fault.
#include "data/list_file.hpp"

#include <algorithm>
#include <filesystem>

#include "caffe/check.hpp"
#include "core/text.hpp"
#include "data/image.hpp"

namespace caffe {

namespace {

constexpr const char* kSpace = " \t\r\n\v\f";

// UTF-16 has a zero byte in each letter of plain text, always on one side.
std::string ZeroByteHint(const std::string& content) {
  const size_t size = std::min<size_t>(content.size(), 1024);
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < size; ++i) zeros[i % 2] += content[i] == '\0';
  const bool utf16 =
      std::min(zeros[0], zeros[1]) == 0 && zeros[0] + zeros[1] > size / 4;
  return utf16 ? "; it looks like UTF-16 without a mark in front: save it as "
                 "UTF-8"
               : "";
}

}  // namespace

std::string StripBlanks(const std::string& text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::vector<ListLine> ReadListLines(const std::string& list) {
  INPUT_CHECK(!HasImageName(list) || !IsFile(list))
      << list << ": is an image by its name; wanted a list, lines of text with "
      << "the paths of images, or a folder";
  const std::string content = ReadText(list, kMaxListBytes);
  std::vector<ListLine> lines;
  int number = 1;
  for (size_t at = 0, end = 0; at < content.size(); at = end + 1, ++number) {
    end = std::min(content.find('\n', at), content.size());
    const std::string text = StripBlanks(content.substr(at, end - at));
    INPUT_CHECK(text.find('\0') == std::string::npos)
        << list << ":" << number << ": is no text file (found a zero byte"
        << ZeroByteHint(content) << ")";
    INPUT_CHECK(lines.size() < kMaxListLines)
        << list << ":" << number << ": has more than " << kMaxListLines
        << " lines, which is the most that is read";
    INPUT_CHECK(text.find('\r') == std::string::npos)
        << list << ":" << number << ": holds a carriage return; wanted lines "
        << "that end in LF or CRLF";
    if (!text.empty()) lines.push_back({number, text});
  }
  INPUT_CHECK(!lines.empty()) << list << ": list is empty";
  return lines;
}

std::string CommaHint(const std::string& text) {
  const size_t at = text.find_last_of(",;");
  if (at == std::string::npos || at == 0) return "";
  // A comma in a name is followed by the rest of the name.
  const std::string tail = StripBlanks(text.substr(at + 1));
  const bool name = tail.find_first_of("./\\") != std::string::npos &&
                    !IsFile(text.substr(0, text.find_first_of(",;"))) &&
                    !HasImageName(text.substr(0, text.find_first_of(",;")));
  if (name || tail.find_first_of(kSpace) != std::string::npos) return "";
  return std::string("; the parts of a line are parted by a blank or a tab, "
                     "not by '") + text[at] + "'";
}

void ListFault::Add(int line, const std::string& text) {
  if (count_++ == 0) {
    line_ = line;
    text_ = text;
  }
}

void ListFault::Throw(const std::string& list, const std::string& what,
                      size_t total) const {
  if (count_ == 0) return;
  INPUT_FAIL() << list << ":" << line_ << ": " << text_ << " (first of "
               << count_ << " such among " << total << " " << what << ")";
}

void RepeatedImages::Add(int line, const std::string& path) {
  const bool first = seen_.insert(std::hash<std::string>()(path)).second;
  if (first || count_++ > 0) return;
  line_ = line;
  path_ = path;
}

void RepeatedImages::Warn(const std::string& list, size_t total) const {
  if (count_ == 0) return;
  LOG(WARNING) << list << ":" << line_ << ": " << path_
               << " stands in the list already (first of " << count_
               << " such among " << total << " lines)";
}

std::string Quoted(const std::string& text) {
  constexpr size_t kMost = 80;
  std::string shown = text.substr(0, kMost);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t') c = ' ';
  }
  return "'" + shown + (text.size() > kMost ? "...'" : "'");
}

bool CutLastWord(const std::string& text, std::string* front,
                 std::string* word) {
  const size_t space = text.find_last_of(kSpace);
  if (space == std::string::npos) return false;
  *front = StripBlanks(text.substr(0, space));
  *word = text.substr(space + 1);
  return true;
}

bool ParseWholeNumber(const std::string& text, int64_t* value) {
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  if (at == text.size() || text.size() - at > 15) return false;
  *value = 0;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    *value = *value * 10 + (text[at] - '0');
  }
  if (text[0] == '-') *value = -*value;
  return true;
}

namespace {

// A path of a list that came from Windows, or from Caffe, whose root_folder is
// put in front as it is: with / between its parts and none in front.
std::string Relative(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  const size_t begin = path.find_first_not_of('/');
  return begin == std::string::npos ? path : path.substr(begin);
}

// For a list that was written in another folder than it lies in: where its
// image is; "" where it is not found.
std::string SeenFromElsewhere(const std::filesystem::path& root,
                              const std::string& path) {
  namespace fs = std::filesystem;
  const auto there = [](const fs::path& at) { return IsFile(at.string()); };
  if (there(path)) {
    return "; it is there seen from the current folder: give root_folder: "
           "\".\" (--root=.)";
  }
  for (fs::path up = ".."; up != fs::path("../../../.."); up /= "..") {
    if (there(root / up / path)) {
      return "; it is there seen from " + (root / up).string() +
             ": give that as root_folder (--root)";
    }
  }
  for (size_t at = path.find('/'); at != std::string::npos;
       at = path.find('/', at + 1)) {
    const std::string tail = path.substr(at + 1);
    if (!tail.empty() && there(root / tail)) {
      return "; there is " + (root / tail).string() + ": paths are relative "
             "to the list's own folder, or to root_folder (--root)";
    }
  }
  return "";
}

}  // namespace

bool IsFile(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

ListPaths::ListPaths(const std::string& list, const std::string& root_folder)
    : root_(root_folder.empty()
                ? std::filesystem::path(list).parent_path().string()
                : root_folder) {}

std::string ListPaths::operator()(const std::string& path) const {
  namespace fs = std::filesystem;
  const std::string plain = (fs::path(root_) / path).string();
  const bool absolute = !path.empty() && path.front() == '/';
  if ((!absolute && path.find('\\') == std::string::npos) || IsFile(plain)) {
    return plain;
  }
  const std::string other = (fs::path(root_) / Relative(path)).string();
  return IsFile(other) ? other : plain;
}

std::string ListPaths::Hint(const std::string& path) const {
  namespace fs = std::filesystem;
  const std::string relative = Relative(path);
  if (relative.size() > 1 && relative[1] == ':') {
    return "; drives of Windows are not known here: write paths relative to "
           "root_folder (--root)";
  }
  const fs::path root = root_.empty() ? "." : root_;
  const std::string seen = SeenFromElsewhere(root, relative);
  if (!seen.empty()) return seen;
  std::error_code code;
  if (root_.size() > 1 && root_.front() == '/' && !fs::exists(root, code) &&
      fs::exists(root_.substr(1), code)) {
    return "; there is no folder " + root_ + ", but there is " +
           root_.substr(1);
  }
  return FormHintOnDisk((root / relative).string());
}

}  // namespace caffe
