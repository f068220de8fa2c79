// Text files with one thing a line: lists of images, of groups, of pairs. What
// the words of a line mean is left to the readers.
//
// Blanks at the ends of a line, empty lines, CRLF line ends and a UTF-8 mark in
// front do not count; there are no comments.
#ifndef TERCET_DATA_LIST_FILE_HPP_
#define TERCET_DATA_LIST_FILE_HPP_

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace caffe {

// The largest list that is read.
constexpr int64_t kMaxListBytes = int64_t{1} << 30;

// The most lines that it may have: each takes some hundred bytes of memory.
constexpr size_t kMaxListLines = size_t{1} << 24;

// Labels travel as float, which holds whole numbers exactly up to here.
constexpr int64_t kMaxListLabel = int64_t{1} << 24;

struct ListLine {
  int number;        // in the file, from 1
  std::string text;  // without blanks at its ends, not empty
};

// Error(kInput), with the place, for a file that cannot be read, is larger than
// 1 GiB or 16 Mi lines, holds a zero byte, a CR within a line, or nothing, and
// for one that is an image by its name.
std::vector<ListLine> ReadListLines(const std::string& list);

// For a line that is not what was wanted: its parts stand between commas or
// semicolons; else "".
std::string CommaHint(const std::string& text);

// The lines of a list that fail in one way: the first of them is told.
class ListFault {
 public:
  void Add(int line, const std::string& text);
  bool empty() const { return count_ == 0; }
  // Error(kInput) where there is one. `what`: what the count counts, such as
  // "lines", `total` of them.
  void Throw(const std::string& list, const std::string& what,
             size_t total) const;

 private:
  int count_ = 0;
  int line_ = 0;
  std::string text_;
};

// The images that stand in a list again: the first of them is told.
class RepeatedImages {
 public:
  void Add(int line, const std::string& path);
  // A warning where there is one, as ListFault::Throw has it.
  void Warn(const std::string& list, size_t total) const;

 private:
  std::unordered_set<size_t> seen_;  // the hashes of the paths
  int count_ = 0;
  int line_ = 0;
  std::string path_;
};

// `text` between quotes for a message: of a long one the beginning, and blanks
// for control characters but tabs.
std::string Quoted(const std::string& text);

// `text` without the blanks at its ends.
std::string StripBlanks(const std::string& text);

// Cuts the last word off `text`; false where there is only one.
bool CutLastWord(const std::string& text, std::string* front,
                 std::string* word);

// A whole number, with a sign or without, of 15 digits at most; false for
// anything else.
bool ParseWholeNumber(const std::string& text, int64_t* value);

// Whether there is a plain file of that name.
bool IsFile(const std::string& path);

// The paths of a list: relative to `root_folder`, or, where that is empty, to
// the list's own folder. Backslashes, as Windows has them, and a / in front are
// taken as they are meant where there is such a file.
class ListPaths {
 public:
  ListPaths(const std::string& list, const std::string& root_folder);
  std::string operator()(const std::string& path) const;
  // For a message on a path that names no file: "; ..." where the file is, as
  // seen from elsewhere, or that its name has another form; or "". It looks
  // around on the disk: once a list is enough.
  std::string Hint(const std::string& path) const;

 private:
  std::string root_;
};

}  // namespace caffe

#endif  // TERCET_DATA_LIST_FILE_HPP_
