// The pictures of a sheet are put together here, in one image; gnuplot draws
// that image, and the text around them.
#include "tools/evaluate/sheet.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <sstream>

#include "caffe/check.hpp"
#include "core/text.hpp"
#include "core/text_width.hpp"
#include "data/image.hpp"
#include "tools/evaluate/gnuplot.hpp"

namespace caffe {
namespace {

using metric::ScoredPair;

// All in pixels.
constexpr int kSide = 112;  // of the square that a picture fits in
constexpr int kGap = 8;     // between the two of a pair
constexpr int kPairWidth = 2 * kSide + kGap;
constexpr int kColumnGap = 20;
constexpr int kRowHeight = kSide + 62;
constexpr int kColumns = 3;
constexpr int kPanelWidth = kColumns * kPairWidth + (kColumns - 1) * kColumnGap;
constexpr int kPanelGap = 64;
constexpr int kMargin = 32;
constexpr int kHead = 92;  // the title and the heads of the panels
constexpr int kWidth = 2 * kMargin + 2 * kPanelWidth + kPanelGap;

constexpr size_t kMostPairs = 24;
constexpr int kMostColumns = 17;  // of a name under a picture
constexpr size_t kMostOfAnImage = 2;  // pairs on the sheet
constexpr double kNear = 0.1;  // to the threshold, as a share of it
// IdentificationProtocol::worst takes the worst of so many probes.
constexpr int64_t kMostLookedAt = 200;
constexpr char kMissColor[] = "#808080";
constexpr uint8_t kPaper = 255;
constexpr uint8_t kMount = 238;  // around a picture that is no square

// Half of the sheet: the pairs of one kind.
struct Panel {
  std::vector<ScoredPair> pairs;
  std::string head;
  const char* color;
  int left;
  double threshold;  // NaN: not known
  bool genuine;
  size_t first_number = 1;  // of its pairs
  bool IsError(const ScoredPair& pair) const {
    // What is not judged is drawn like an error.
    return !std::isfinite(threshold) ||
           (pair.distance <= threshold) != genuine;
  }
  std::string VerdictOf(const ScoredPair& pair) const {
    if (!std::isfinite(threshold)) return "";
    if (IsError(pair)) return " error";
    const double away = std::abs(pair.distance - threshold);
    return away <= kNear * std::abs(threshold) ? " near miss" : " right";
  }
  size_t size() const { return std::min(kMostPairs, pairs.size()); }
  int rows() const {
    return (static_cast<int>(size()) + kColumns - 1) / kColumns;
  }
  // Where pair k begins.
  int LeftOf(size_t k) const {
    return left + static_cast<int>(k) % kColumns * (kPairWidth + kColumnGap);
  }
  static int TopOf(size_t k) {
    return kHead + static_cast<int>(k) / kColumns * kRowHeight;
  }
};

// In colour, as large as fits the square.
Image Thumbnail(const std::string& path, int64_t max_pixels) {
  const Image image = ConvertChannels(ReadImage(path, max_pixels), 3);
  const double scale =
      static_cast<double>(kSide) / std::max(image.height, image.width);
  return ResizeImage(image, std::max(1, static_cast<int>(image.height * scale)),
                     std::max(1, static_cast<int>(image.width * scale)));
}

// `picture` in the middle of the square at (left, top).
void Mount(const Image& picture, int left, int top, Image* sheet) {
  const int down = (kSide - picture.height) / 2;
  const int right = (kSide - picture.width) / 2;
  for (int h = 0; h < kSide; ++h) {
    std::fill_n(&sheet->at(top + h, left, 0), kSide * 3, kMount);
  }
  for (int h = 0; h < picture.height; ++h) {
    std::copy_n(&picture.pixels[static_cast<size_t>(h) * picture.width * 3],
                picture.width * 3, &sheet->at(top + down + h, left + right, 0));
  }
}

// A name, or its last letters where they are too wide.
std::string EndOf(const std::string& name) {
  if (TextWidth(name) <= kMostColumns) return name;
  size_t begin = 0;
  while (TextWidth(name.substr(begin)) > kMostColumns - 1) {
    NextLetter(name, &begin);
  }
  return "\u2026" + name.substr(begin);
}

// The text of a sheet, as gnuplot's settings.
class Labels {
 public:
  // `font_size`: in points, 0 for the picture's own. y counts from the top.
  void Add(const std::string& text, double x, double y, int font_size,
           const char* color, const char* place) {
    // A number, so that another text can take its place.
    settings_ << "set label " << ++count_ << ' ' << GnuplotQuote(text)
              << " at " << x << ", height-" << y << ' ' << place
              << " front noenhanced textcolor rgb '" << color << '\'';
    if (font_size > 0) settings_ << " font '," << font_size << '\'';
    settings_ << '\n';
  }
  std::string settings() const { return settings_.str(); }

 private:
  std::ostringstream settings_;
  int count_ = 0;
};

// The folder and the name of a picture, under it.
void AddName(const std::string& path, double x, double y, Labels* labels) {
  const size_t slash = path.rfind('/');
  std::string folder;
  if (slash != std::string::npos) {
    folder = path.substr(0, slash);
    folder = folder.substr(folder.rfind('/') + 1);  // all, where there is none
  }
  const std::string name =
      slash == std::string::npos ? path : path.substr(slash + 1);
  labels->Add(EndOf(folder), x, y, 0, "#404040", "center");
  labels->Add(EndOf(name), x, y + 13, 0, "#404040", "center");
}

void AddLabels(const Panel& panel, const std::vector<std::string>& paths,
               Labels* labels) {
  labels->Add(panel.head, panel.left, 66, 15, panel.color, "left");
  for (size_t k = 0; k < panel.size(); ++k) {
    const ScoredPair& pair = panel.pairs[k];
    const double left = panel.LeftOf(k);
    const double below = Panel::TopOf(k) + kSide;
    // The number tells pairs apart whose names no font can draw.
    labels->Add(std::to_string(panel.first_number + k) + ": " +
                    ShortNumber(pair.distance, 4) + panel.VerdictOf(pair),
                left + kPairWidth / 2.0, below + 12, 12,
                panel.IsError(pair) ? panel.color : kMissColor, "center");
    AddName(paths.at(pair.i), left + kSide / 2.0, below + 27, labels);
    AddName(paths.at(pair.j), left + 1.5 * kSide + kGap, below + 27, labels);
  }
}

void MountPictures(const Panel& panel, const std::vector<std::string>& paths,
                   int64_t max_pixels, Image* sheet) {
  for (size_t k = 0; k < panel.size(); ++k) {
    const ScoredPair& pair = panel.pairs[k];
    const int left = panel.LeftOf(k);
    const int top = Panel::TopOf(k);
    Mount(Thumbnail(paths.at(pair.i), max_pixels), left, top, sheet);
    Mount(Thumbnail(paths.at(pair.j), max_pixels), left + kSide + kGap, top,
          sheet);
  }
}

// The panels' pairs: by turns the next of each kind, whose images are not on
// the sheet too often.
void ChoosePairs(const VerificationReport& report, Panel* genuine,
                 Panel* impostor) {
  std::map<int, size_t> pairs_of;
  const std::vector<ScoredPair>* const from[] = {&report.worst_genuine,
                                                 &report.worst_impostor};
  Panel* const to[] = {genuine, impostor};
  size_t at[] = {0, 0};
  for (bool any = true; any;) {
    any = false;
    for (int kind = 0; kind < 2; ++kind) {
      if (to[kind]->pairs.size() == kMostPairs) continue;
      while (at[kind] < from[kind]->size()) {
        const ScoredPair& pair = (*from[kind])[at[kind]++];
        if (pairs_of[pair.i] >= kMostOfAnImage ||
            pairs_of[pair.j] >= kMostOfAnImage) {
          continue;
        }
        ++pairs_of[pair.i];
        ++pairs_of[pair.j];
        to[kind]->pairs.push_back(pair);
        any = true;
        break;
      }
    }
  }
}

// The threshold that tells errors from near misses, and in words which it is.
double SheetThreshold(const VerificationReport& report, std::string* words) {
  std::ostringstream far;
  far << "the threshold for FAR " << report.calibrated.far;
  *words = far.str();
  if (std::isfinite(report.calibrated.threshold)) {
    return report.calibrated.threshold;
  }
  *words = "the threshold of the accuracy";
  if (std::isfinite(report.accuracy_threshold)) {
    return report.accuracy_threshold;
  }
  *words = "the threshold where FAR = FRR";
  return report.eer_threshold;
}

// Draws `sheet`, with the labels of `settings`, as NAME.svg and NAME.png.
void DrawSheet(const std::string& folder, const std::string& name,
               const Image& sheet, const std::string& labels) {
  MakePictureFolder(folder);
  const std::string pixels = name + "_pictures.png";
  WriteImage(folder + "/" + pixels, sheet);
  GnuplotPicture picture;
  picture.name = name;
  picture.width = sheet.width;
  picture.height = sheet.height;
  picture.png_scale = 1;
  picture.font_size = 8;
  std::ostringstream settings;
  settings << "height = " << sheet.height << "\n"
           << "set margins 0, 0, 0, 0\nunset border\nunset tics\nunset key\n"
           << "set xrange [0:" << sheet.width << "]\nset yrange [0:height]\n"
           << labels;
  picture.settings = settings.str();
  // The middle of the first pixel lies half a pixel inside.
  picture.plot = "plot '" + pixels +
                 "' binary filetype=png origin=(0.5, 0.5) with rgbimage";
  DrawWithGnuplot(folder, picture);
}

// Where column k of a sheet of ranked answers begins; 0: the probe.
int ColumnLeft(size_t k) {
  constexpr int kStep = kSide + 2 * kGap;
  return kMargin + static_cast<int>(k) * kStep + (k > 0 ? kColumnGap : 0);
}

// A frame around the square at (left, top).
void Frame(bool right, int left, int top, Image* sheet) {
  constexpr int kThick = 4;
  constexpr uint8_t kBgr[2][3] = {{0x00, 0x5e, 0xd5}, {0xb2, 0x72, 0x00}};
  for (int h = -kThick; h < kSide + kThick; ++h) {
    for (int w = -kThick; w < kSide + kThick; ++w) {
      if (h >= 0 && h < kSide && w >= 0 && w < kSide) continue;
      std::copy_n(kBgr[right ? 1 : 0], 3, &sheet->at(top + h, left + w, 0));
    }
  }
}

// Row r of that sheet: a probe and its first answers.
void DrawRow(const RankedProbe& row, size_t r,
             const std::vector<std::string>& probes,
             const std::vector<std::string>& gallery, int64_t max_pixels,
             Image* sheet, Labels* labels) {
  const int top = kHead + static_cast<int>(r) * kRowHeight;
  const int below = top + kSide;
  const double middle = ColumnLeft(0) + kSide / 2.0;
  const std::string& probe = probes.at(row.image);
  Mount(Thumbnail(probe, max_pixels), ColumnLeft(0), top, sheet);
  labels->Add(std::to_string(r + 1) + ": first mate " +
                  std::to_string(row.mate_rank),
              middle, below + 12, 10, "#222222", "center");
  AddName(probe, middle, below + 27, labels);
  for (size_t k = 0; k < row.answers.size(); ++k) {
    const RankedProbe::Answer& answer = row.answers[k];
    const int left = ColumnLeft(k + 1);
    const std::string& path = gallery.at(answer.image);
    Frame(answer.right, left, top, sheet);
    Mount(Thumbnail(path, max_pixels), left, top, sheet);
    labels->Add(ShortNumber(answer.distance, 4), left + kSide / 2.0,
                below + 14, 10, answer.right ? "#0072b2" : "#d55e00",
                "center");
    AddName(path, left + kSide / 2.0, below + 27, labels);
  }
}

}  // namespace

std::string WriteRankedSheet(const std::string& folder,
                             const std::string& title,
                             const IdentificationReport& report,
                             const std::vector<std::string>& probes,
                             const std::vector<std::string>& gallery,
                             int64_t max_pixels) {
  if (report.worst.empty()) return "no probe has a mate in the gallery";
  size_t most = 0;
  for (const RankedProbe& row : report.worst) {
    most = std::max(most, row.answers.size());
  }
  const int width = std::max(700, ColumnLeft(most + 1) + kMargin);
  Image sheet(kHead + static_cast<int>(report.worst.size()) * kRowHeight, width,
              3);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), kPaper);
  Labels labels;
  labels.Add(title, kMargin, 28, 19, "#222222", "left");
  labels.Add("Probes whose first mate comes last, and their first answers; "
             "right ones in blue, others in red",
             kMargin, 58, 11, "#404040", "left");
  if (report.probes > kMostLookedAt) {
    labels.Add("(of up to " + std::to_string(kMostLookedAt) +
                   " probes, taken regularly from " +
                   std::to_string(report.probes) + ")",
               kMargin, 75, 11, "#404040", "left");
  }
  try {
    for (size_t r = 0; r < report.worst.size(); ++r) {
      DrawRow(report.worst[r], r, probes, gallery, max_pixels, &sheet, &labels);
    }
  } catch (const Error& error) {
    if (error.kind() != Error::kInput) throw;
    return error.what();
  }
  DrawSheet(folder, "ranked", sheet, labels.settings());
  return "";
}

std::string WriteSheet(const std::string& folder, const std::string& title,
                       const VerificationReport& report,
                       const std::vector<std::string>& paths,
                       int64_t max_pixels) {
  std::string words;
  const double threshold = SheetThreshold(report, &words);
  Panel panels[] = {
      {{}, "One person, and farthest apart", "#0072b2", kMargin, threshold,
       true},
      {{}, "Two people, and nearest", "#d55e00",
       kMargin + kPanelWidth + kPanelGap, threshold, false}};
  ChoosePairs(report, &panels[0], &panels[1]);
  panels[1].first_number += panels[0].size();
  const int rows = std::max(panels[0].rows(), panels[1].rows());
  if (rows == 0) return "there are no pairs for a sheet of the worst ones";
  Image sheet(kHead + rows * kRowHeight, kWidth, 3);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), kPaper);

  Labels labels;
  labels.Add(title, kMargin, 28, 19, "#222222", "left");
  if (std::isfinite(threshold)) {
    labels.Add("errors are pairs that " + words + ", " +
                   ShortNumber(threshold, 4) + ", judges wrongly",
               kMargin + kPanelWidth + kPanelGap, 28, 11, "#404040", "left");
  }
  for (const Panel& panel : panels) {
    try {
      MountPictures(panel, paths, max_pixels, &sheet);
    } catch (const Error& error) {
      if (error.kind() != Error::kInput) throw;
      return error.what();
    }
    AddLabels(panel, paths, &labels);
  }
  DrawSheet(folder, "worst_pairs", sheet, labels.settings());
  return "";
}

}  // namespace caffe
