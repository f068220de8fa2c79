// The two formats of pairs, read line by line; an error tells how many lines
// share the first one's fault.
#include "evaluation/pairs_file.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "caffe/check.hpp"
#include "data/list_file.hpp"

namespace caffe {

namespace {

typedef std::vector<std::string> Words;

constexpr int64_t kMostFolds = 1000;
constexpr int64_t kMostOfAKind = 1000000000;

Words SplitLine(const std::string& text) {
  Words words;
  std::string word;
  std::istringstream stream(text);
  if (text.find('\t') == std::string::npos) {
    while (stream >> word) words.push_back(word);
    return words;
  }
  while (std::getline(stream, word, '\t')) {
    const size_t begin = word.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    words.push_back(
        word.substr(begin, word.find_last_not_of(' ') - begin + 1));
  }
  return words;
}

bool IsNumber(const std::string& word) {
  int64_t value;
  return ParseWholeNumber(word, &value);
}

// What the readers of both formats share: the lines, the finder, and what has
// gone wrong so far.
class PairsReader {
 public:
  PairsReader(const std::string& file, const std::vector<ListLine>& lines,
              ImageFinder* finder, bool skip_missing)
      : file_(file),
        lines_(lines),
        finder_(finder),
        skip_missing_(skip_missing) {
    result_.file = file;
  }
  virtual ~PairsReader() = default;

 protected:
  // An image of a pair, as the file names it.
  struct Named {
    FoundImage found;
    std::string name;
  };

  // Appends a pair, or notes what is missing.
  void Add(const ListLine& line, const Named& first, const Named& second,
           bool genuine, int fold) {
    bool whole = true;
    for (const Named* image : {&first, &second}) {
      if (image->found.place >= 0) continue;
      missing_images_.insert(image->name);
      if (missing_.empty()) {
        missing_ = file_ + ":" + std::to_string(line.number) + ": " +
                   image->found.fault;
      }
      whole = false;
    }
    if (!whole) {
      ++result_.skipped;
      return;
    }
    twins_ += first.found.place == second.found.place;
    lines_of_pairs_.push_back(line.number);
    result_.pairs.push_back(
        {first.found.place, second.found.place, genuine, fold});
  }

  void ThrowFaults() const {
    form_.Throw(file_, "lines", lines_.size());
    value_.Throw(file_, "lines", lines_.size());
    if (missing_.empty()) return;
    const size_t all = result_.pairs.size() + result_.skipped;
    const std::string count =
        std::to_string(result_.skipped) + " of " + std::to_string(all) +
        " pairs lack an image, " + std::to_string(missing_images_.size()) +
        (missing_images_.size() == 1 ? " image" : " images") + " in all";
    INPUT_CHECK(!result_.pairs.empty()) << missing_ << " (" << count << ")";
    INPUT_CHECK(skip_missing_)
        << missing_ << " (" << count
        << "; --skip_missing judges the other pairs)";
    LOG(WARNING) << file_ << ": passed over: " << count << "; the first: "
                 << missing_;
    CheckWhatIsLeft();
  }

  // Where pairs were passed over, each fold still has pairs of both kinds.
  void CheckWhatIsLeft() const {
    std::vector<int64_t> count(2 * result_.folds, 0);
    for (const metric::ListedPair& pair : result_.pairs) {
      ++count[2 * pair.group + pair.genuine];
    }
    for (size_t k = 0; k < count.size(); ++k) {
      INPUT_CHECK(count[k] > 0)
          << missing_ << " (" << result_.skipped << " pairs were passed over, "
          << "and fold " << k / 2 + 1 << " has no "
          << (k % 2 == 1 ? "genuine" : "impostor") << " pair left)";
    }
  }

  PairsFile Finish() {
    if (twins_ > 0) {
      LOG(WARNING) << file_ << ": " << twins_
                   << " pairs are of one image and itself";
    }
    result_.images = finder_->images();
    return std::move(result_);
  }

  const std::string file_;
  const std::vector<ListLine>& lines_;
  ImageFinder* const finder_;
  const bool skip_missing_;
  ListFault form_, value_;
  std::string missing_;  // the first fault, with its place
  std::set<std::string> missing_images_;
  std::vector<int> lines_of_pairs_;  // the line of each pair
  PairsFile result_;

 private:
  int64_t twins_ = 0;
};

class LfwReader : public PairsReader {
 public:
  using PairsReader::PairsReader;

  PairsFile Read() {
    ReadHeader();
    CheckCount();
    for (size_t k = 1; k < lines_.size(); ++k) ReadPair(lines_[k], k - 1);
    ThrowFaults();
    NamePeople();
    return Finish();
  }

 private:
  // A pair's place among those of the file.
  struct Due {
    int fold;
    bool genuine;
    int64_t number;  // from 1, within its fold and kind
  };

  void ReadHeader() {
    const Words words = SplitLine(lines_[0].text);
    int64_t numbers[2] = {1, 0};
    for (size_t k = 0; k < words.size(); ++k) {
      ParseWholeNumber(words[k], &numbers[2 - words.size() + k]);
    }
    INPUT_CHECK(numbers[0] >= 1 && numbers[0] <= kMostFolds &&
                numbers[1] >= 1 && numbers[1] <= kMostOfAKind)
        << file_ << ":" << lines_[0].number << ": header '" << lines_[0].text
        << "'; wanted `folds pairs` or `pairs`, with 1 to " << kMostFolds
        << " folds and at least 1 pair of each kind";
    result_.folds = static_cast<int>(numbers[0]);
    pairs_ = numbers[1];
  }

  Due DueAt(int64_t place) const {
    const int64_t in_fold = place % (2 * pairs_);
    return Due{static_cast<int>(place / (2 * pairs_)), in_fold < pairs_,
               in_fold % pairs_ + 1};
  }

  static size_t WordsOf(bool genuine) { return genuine ? 3 : 4; }

  // Where lines lack or are too many, the first one of the wrong kind is near.
  void CheckCount() const {
    const int64_t found = static_cast<int64_t>(lines_.size()) - 1;
    const int64_t wanted = 2 * pairs_ * result_.folds;
    if (found == wanted) return;
    std::string place;
    for (int64_t k = 0; k < std::min(found, wanted) && place.empty(); ++k) {
      const ListLine& line = lines_[k + 1];
      if (SplitLine(line.text).size() == WordsOf(DueAt(k).genuine)) continue;
      place = "; line " + std::to_string(line.number) +
              " is the first that is out of place";
    }
    INPUT_FAIL() << file_ << ":" << lines_[0].number << ": header says "
                 << result_.folds << " x (" << pairs_ << " + " << pairs_
                 << ") pairs, but " << found << " lines follow, not "
                 << wanted << place;
  }

  void ReadPair(const ListLine& line, int64_t place) {
    const Due due = DueAt(place);
    const Words words = SplitLine(line.text);
    if (words.size() != WordsOf(due.genuine)) {
      form_.Add(line.number,
                "found " + Quoted(line.text) + "; wanted " +
                    (due.genuine ? "genuine pair " : "impostor pair ") +
                    std::to_string(due.number) + " of fold " +
                    std::to_string(due.fold + 1) + ", `name number " +
                    (due.genuine ? "number`" : "name number`"));
      return;
    }
    const std::string& other = due.genuine ? words[0] : words[2];
    if (!due.genuine && words[0] == other) {
      value_.Add(line.number, "impostor pair of one person, '" + other + "'");
      return;
    }
    int64_t numbers[2];
    for (int k = 0; k < 2; ++k) {
      const std::string& word = words[k == 0 ? 1 : words.size() - 1];
      if (ParseWholeNumber(word, &numbers[k]) && numbers[k] >= 1) continue;
      value_.Add(line.number, "'" + word +
                                  "' is no number of an image; wanted a whole "
                                  "number from 1 on");
      return;
    }
    const FoundImage first = finder_->OfPerson(words[0], numbers[0]);
    const FoundImage second = finder_->OfPerson(other, numbers[1]);
    Add(line, {first, words[0] + "/" + std::to_string(numbers[0])},
        {second, other + "/" + std::to_string(numbers[1])}, due.genuine,
        due.fold);
    Name(first, words[0]);
    Name(second, other);
  }

  // People are numbered as they come in the pairs: where their images lie has
  // no part in what the bootstrap draws.
  void Name(const FoundImage& image, const std::string& name) {
    if (image.place < 0) return;
    person_of_[image.place] =
        people_.emplace(name, static_cast<int>(people_.size())).first->second;
  }

  void NamePeople() {
    result_.person.assign(finder_->images().size(), -1);
    for (const auto& image : person_of_) {
      result_.person[image.first] = image.second;
    }
    result_.people = static_cast<int>(people_.size());
  }

  int64_t pairs_ = 0;  // of each kind, in a fold
  std::map<std::string, int> people_;
  std::map<int, int> person_of_;  // by the image's place
};

class PathsReader : public PairsReader {
 public:
  using PairsReader::PairsReader;

  PairsFile Read(const std::vector<int>& labels) {
    for (const ListLine& line : lines_) ReadPair(line);
    ThrowFaults();
    const int64_t genuine = std::count_if(
        result_.pairs.begin(), result_.pairs.end(),
        [](const metric::ListedPair& pair) { return pair.genuine; });
    const int64_t all = static_cast<int64_t>(result_.pairs.size());
    INPUT_CHECK(genuine > 0 && genuine < all)
        << file_ << ": " << genuine << " of " << all
        << " pairs are of one person; wanted pairs of both kinds, 1 and 0";
    NamePeople(labels);
    return Finish();
  }

 private:
  void ReadPair(const ListLine& line) {
    const Words words = SplitLine(line.text);
    if (words.size() != 3) {
      const bool first = line.number == lines_[0].number;
      form_.Add(line.number,
                "found " + Quoted(line.text) + "; wanted `path path 0|1`" +
                    (first ? ", or a header of LFW's format, `folds pairs`"
                           : ""));
    } else if (words[2] != "0" && words[2] != "1") {
      value_.Add(line.number, "label '" + words[2] +
                                  "'; wanted 1 (one person) or 0 (two)");
    } else {
      const FoundImage first = finder_->OfPath(words[0]);
      Add(line, {first, words[0]}, {finder_->OfPath(words[1]), words[1]},
          words[2] == "1", 0);
    }
  }

  // Who is on an image, as far as a label or a folder tells.
  std::string KeyOf(const std::vector<int>& labels, int image) const {
    if (!labels.empty()) return std::to_string(labels[image]);
    return std::filesystem::path(finder_->images()[image])
        .parent_path()
        .string();
  }

  void NamePeople(const std::vector<int>& labels) {
    CHECK(labels.empty() || labels.size() == finder_->images().size());
    std::vector<int> person(finder_->images().size(), -1);
    std::map<std::string, int> people;
    for (size_t k = 0; k < result_.pairs.size(); ++k) {
      const metric::ListedPair& pair = result_.pairs[k];
      for (const int image : {pair.i, pair.j}) {
        person[image] =
            people.emplace(KeyOf(labels, image),
                           static_cast<int>(people.size()))
                .first->second;
      }
      if ((person[pair.i] == person[pair.j]) == pair.genuine) continue;
      result_.why_unknown =
          file_ + ":" + std::to_string(lines_of_pairs_[k]) + ": a pair of " +
          (pair.genuine ? "one person" : "two people") + " has " +
          (pair.genuine ? "two " : "one ") +
          (labels.empty() ? "folder" : "label") + (pair.genuine ? "s" : "");
      return;
    }
    result_.person = std::move(person);
    result_.people = static_cast<int>(people.size());
  }
};

// A first pair of LFW's format, where its header should be.
bool LacksHeader(const Words& words) {
  if (words.size() < 3 || words.size() > 4 || IsNumber(words[0])) return false;
  return IsNumber(words[1]) && IsNumber(words.back());
}

}  // namespace

PairsFile ReadPairsFile(const std::string& file, ImageFinder* finder,
                        const std::vector<int>& labels, bool skip_missing) {
  const std::vector<ListLine> lines = ReadListLines(file);
  const Words first = SplitLine(lines[0].text);
  INPUT_CHECK(!LacksHeader(first))
      << file << ":" << lines[0].number << ": found '" << lines[0].text
      << "'; wanted a header of LFW's format in front, `folds pairs` or "
         "`pairs`";
  if (first.size() <= 2 && std::all_of(first.begin(), first.end(), IsNumber)) {
    return LfwReader(file, lines, finder, skip_missing).Read();
  }
  return PathsReader(file, lines, finder, skip_missing).Read(labels);
}

}  // namespace caffe
