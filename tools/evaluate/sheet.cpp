// The pictures of a sheet are put together here, in one image; gnuplot draws
// that image, and the text around them.
#include "tools/evaluate/sheet.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>

#include "caffe/check.hpp"
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
constexpr size_t kMostLetters = 17;  // of a name under a picture
constexpr uint8_t kPaper = 255;
constexpr uint8_t kMount = 238;  // around a picture that is no square

// Half of the sheet: the pairs of one kind.
struct Panel {
  const std::vector<ScoredPair>& pairs;
  const char* head;
  const char* color;
  int left;
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
Image Thumbnail(const std::string& path) {
  const Image image = ConvertChannels(ReadImage(path), 3);
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

// A name, or its last letters where there are too many.
std::string EndOf(const std::string& name) {
  std::vector<size_t> begins;  // of the letters, in UTF-8
  for (size_t at = 0; at < name.size(); ++at) {
    if ((name[at] & 0xc0) != 0x80) begins.push_back(at);
  }
  if (begins.size() <= kMostLetters) return name;
  return "\u2026" + name.substr(begins[begins.size() - (kMostLetters - 1)]);
}

// `font_size`: in points, 0 for the picture's own. y counts from the top.
void AddLabel(const std::string& text, double x, double y, int font_size,
              const char* color, const char* place,
              std::ostringstream* settings) {
  *settings << "set label " << GnuplotQuote(text) << " at " << x << ", height-"
            << y << ' ' << place << " front noenhanced textcolor rgb '" << color
            << '\'';
  if (font_size > 0) *settings << " font '," << font_size << '\'';
  *settings << '\n';
}

// The folder and the name of a picture, under it.
void AddName(const std::string& path, double x, double y,
             std::ostringstream* settings) {
  const size_t slash = path.rfind('/');
  std::string folder;
  if (slash != std::string::npos) {
    folder = path.substr(0, slash);
    folder = folder.substr(folder.rfind('/') + 1);  // all, where there is none
  }
  const std::string name =
      slash == std::string::npos ? path : path.substr(slash + 1);
  AddLabel(EndOf(folder), x, y, 0, "#404040", "center", settings);
  AddLabel(EndOf(name), x, y + 13, 0, "#404040", "center", settings);
}

void AddLabels(const Panel& panel, const std::vector<std::string>& paths,
               std::ostringstream* settings) {
  AddLabel(panel.head, panel.left, 66, 15, panel.color, "left", settings);
  for (size_t k = 0; k < panel.size(); ++k) {
    const ScoredPair& pair = panel.pairs[k];
    const double left = panel.LeftOf(k);
    const double below = Panel::TopOf(k) + kSide;
    AddLabel(ShortNumber(pair.distance, 4), left + kPairWidth / 2.0, below + 12,
             12, panel.color, "center", settings);
    AddName(paths.at(pair.i), left + kSide / 2.0, below + 27, settings);
    AddName(paths.at(pair.j), left + 1.5 * kSide + kGap, below + 27, settings);
  }
}

void MountPictures(const Panel& panel, const std::vector<std::string>& paths,
                   Image* sheet) {
  for (size_t k = 0; k < panel.size(); ++k) {
    const ScoredPair& pair = panel.pairs[k];
    const int left = panel.LeftOf(k);
    Mount(Thumbnail(paths.at(pair.i)), left, Panel::TopOf(k), sheet);
    Mount(Thumbnail(paths.at(pair.j)), left + kSide + kGap, Panel::TopOf(k),
          sheet);
  }
}

}  // namespace

std::string WriteSheet(const std::string& folder, const std::string& title,
                       const VerificationReport& report,
                       const std::vector<std::string>& paths) {
  const Panel panels[] = {
      {report.worst_genuine, "One person, and far apart", "#0072b2", kMargin},
      {report.worst_impostor, "Two people, and near", "#d55e00",
       kMargin + kPanelWidth + kPanelGap}};
  const int rows = std::max(panels[0].rows(), panels[1].rows());
  if (rows == 0) return "there are no pairs for a sheet of the worst ones";
  Image sheet(kHead + rows * kRowHeight, kWidth, 3);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), kPaper);

  std::ostringstream settings;
  settings << "height = " << sheet.height << "\n"
           << "set margins 0, 0, 0, 0\nunset border\nunset tics\nunset key\n"
           << "set xrange [0:" << sheet.width << "]\nset yrange [0:height]\n";
  AddLabel(title, kMargin, 28, 19, "#222222", "left", &settings);
  for (const Panel& panel : panels) {
    try {
      MountPictures(panel, paths, &sheet);
    } catch (const Error& error) {
      if (error.kind() != Error::kInput) throw;
      return std::string("no sheet of the worst pairs: ") + error.what();
    }
    AddLabels(panel, paths, &settings);
  }
  MakePictureFolder(folder);
  WriteImage(folder + "/worst_pairs_pictures.png", sheet);
  GnuplotPicture picture;
  picture.name = "worst_pairs";
  picture.width = sheet.width;
  picture.height = sheet.height;
  picture.png_scale = 1;
  picture.font_size = 8;
  picture.settings = settings.str();
  // The middle of the first pixel lies half a pixel inside.
  picture.plot =
      "plot 'worst_pairs_pictures.png' binary filetype=png origin=(0.5, 0.5) "
      "with rgbimage";
  DrawWithGnuplot(folder, picture);
  return "";
}

}  // namespace caffe
