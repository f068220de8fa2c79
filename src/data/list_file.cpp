// Lines of lists, as said in the header. A list is read whole before anything
// is said about it, so that an error can tell how many of its lines share the
// fault.
#include "data/list_file.hpp"

#include <filesystem>
#include <sstream>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"

namespace caffe {

namespace {

constexpr const char* kSpace = " \t\r\n\v\f";

}  // namespace

std::string StripBlanks(const std::string& text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::vector<ListLine> ReadListLines(const std::string& list) {
  std::string content = ReadFile(list, kMaxListBytes);
  if (content.compare(0, 3, "\xef\xbb\xbf") == 0) content.erase(0, 3);
  std::istringstream file(content);
  std::vector<ListLine> lines;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    INPUT_CHECK(text.find('\0') == std::string::npos)
        << list << ":" << number << ": is no text file (found a zero byte)";
    text = StripBlanks(text);
    INPUT_CHECK(text.find('\r') == std::string::npos)
        << list << ":" << number << ": holds a carriage return; wanted lines "
        << "that end in LF or CRLF";
    if (!text.empty()) lines.push_back({number, text});
  }
  INPUT_CHECK(!lines.empty()) << list << ": list is empty";
  return lines;
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
  if (seen_.insert(path).second || count_++ > 0) return;
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

bool IsFile(const std::string& path) {
  std::error_code code;
  return std::filesystem::is_regular_file(path, code);
}

ListPaths::ListPaths(const std::string& list, const std::string& root_folder)
    : root_(root_folder.empty()
                ? std::filesystem::path(list).parent_path().string()
                : root_folder) {}

std::string ListPaths::operator()(const std::string& path) const {
  return (std::filesystem::path(root_) / path).string();
}

}  // namespace caffe
