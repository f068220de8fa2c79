// The pictures of evaluate: that they are there and whole, that no name breaks
// them, that a thinned curve is the curve, and what is said where there is no
// gnuplot or it fails. Whether they are handsome only eyes can tell.
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "caffe/util/io.hpp"
#include "test/data/image_files.hpp"
#include "tools/evaluate/gnuplot.hpp"
#include "tools/evaluate/plots.hpp"
#include "tools/evaluate/sheet.hpp"

namespace caffe {
namespace {

bool HasGnuplot() {
  try {
    CheckGnuplot();
    return true;
  } catch (const Error&) {
    return false;
  }
}

#define TERCET_GNUPLOT_OR_SKIP() \
  if (!HasGnuplot()) GTEST_SKIP() << "no gnuplot on PATH"

std::string TextOf(const std::string& path) {
  return ReadFile(path, int64_t{1} << 24);
}

bool IsThere(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

// PATH is another one until the end of the scope.
class OtherPath {
 public:
  explicit OtherPath(const std::string& path) : before_(getenv("PATH")) {
    setenv("PATH", path.c_str(), 1);
  }
  ~OtherPath() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

// A folder with a program gnuplot that is this shell script.
void WriteFakeGnuplot(const ImageFolder& folder, const std::string& script) {
  const std::string path = folder.Write("gnuplot", "#!/bin/sh\n" + script);
  ASSERT_EQ(0, chmod(path.c_str(), 0755));
}

// Genuine distances about 0.5, impostors about 1.
VerificationReport SomeReport() {
  std::vector<float> genuine, impostor;
  for (int k = 0; k < 60; ++k) {
    genuine.push_back(0.5f + 0.4f * std::sin(1.7f * k));
  }
  for (int k = 0; k < 500; ++k) {
    impostor.push_back(1 + 0.4f * std::sin(2.3f * k));
  }
  VerificationReport report;
  report.curve = metric::RocCurve::FromDistances(genuine, impostor);
  report.calibrated = {0.01, true, {}, 0.01, 0.7};
  TarAtFar at;
  at.far = 0.01;
  at.tar.value = report.curve.AtFar(0.01).tar;
  at.tar.interval = {at.tar.value - 0.1, 1};
  report.tar = {at, {1e-6, false, {}, NAN, NAN}};
  return report;
}

void ExpectPictures(const std::string& stem, int height, int width) {
  const std::string svg = TextOf(stem + ".svg");
  EXPECT_EQ(0u, svg.find("<?xml")) << stem;
  EXPECT_NE(std::string::npos, svg.find("</svg>")) << stem;
  const Image png = ReadImage(stem + ".png");
  EXPECT_EQ(height, png.height) << stem;
  EXPECT_EQ(width, png.width) << stem;
  EXPECT_LT(*std::min_element(png.pixels.begin(), png.pixels.end()), 80)
      << stem;
  EXPECT_TRUE(IsThere(stem + ".gp")) << stem;
}

TEST(Plots, AreThereAndTheSameEachTime) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::string out = folder.File("new");
  WritePlots(out, "faces", SomeReport());
  std::vector<std::string> first;
  const std::vector<std::string> names = {"roc", "det", "distances"};
  for (const std::string& name : names) {
    ExpectPictures(out + "/" + name, 1200, 1600);
    first.push_back(TextOf(out + "/" + name + ".svg"));
    first.push_back(TextOf(out + "/" + name + ".png"));
    EXPECT_NE(std::string::npos, first[first.size() - 2].find("faces"));
    EXPECT_NE(std::string::npos,
              first[first.size() - 2].find("60 genuine and 500 impostor"));
  }
  EXPECT_EQ(9u, FilesBelow(out, "").size());
  WritePlots(out, "faces", SomeReport());
  for (size_t k = 0; k < first.size(); ++k) {
    EXPECT_TRUE(first[k] ==
                TextOf(out + "/" + names[k / 2] + (k % 2 ? ".png" : ".svg")))
        << names[k / 2];
  }
}

TEST(Plots, NoNameMeansAnythingToGnuplot) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::string out = folder.File("it's a \"folder\" $(x) \\");
  WritePlots(out, "a_b^2 'q' \"r\" \\n `touch bad` @m & <t> %d \xc3\xa9 \xff\n",
             SomeReport());
  const std::string svg = TextOf(out + "/roc.svg");
  EXPECT_NE(std::string::npos,
            svg.find("a_b^2 'q' \"r\" \\n `touch bad` @m &amp; &lt;t> %d "
                     "\xc3\xa9 ??"))
      << svg.substr(svg.find("a_b"), 80);
  EXPECT_FALSE(IsThere(out + "/bad"));
}

TEST(Plots, TextInQuotesIsItself) {
  EXPECT_EQ("'plain'", GnuplotQuote("plain"));
  EXPECT_EQ("'it''s \\'", GnuplotQuote("it's \\"));
  EXPECT_EQ("'a?b'", GnuplotQuote("a\nb"));
  EXPECT_EQ("'\xe2\x80\xa6 \xf0\x9f\x98\x80'",
            GnuplotQuote("\xe2\x80\xa6 \xf0\x9f\x98\x80"));
  const auto marks = [](int n) { return "'" + std::string(n, '?') + "'"; };
  // Cut short, too long a form, half of a UTF-16 pair, beyond the last one.
  EXPECT_EQ(marks(2), GnuplotQuote("\xe2\x80"));
  EXPECT_EQ(marks(2), GnuplotQuote("\xc0\xaf"));
  EXPECT_EQ(marks(3), GnuplotQuote("\xed\xa0\x80"));
  EXPECT_EQ(marks(4), GnuplotQuote("\xf4\x90\x80\x80"));
}

TEST(Plots, NumbersHaveTheirDigits) {
  EXPECT_EQ("0.4800", ShortNumber(0.48, 4));
  EXPECT_EQ("1.000", ShortNumber(1, 4));
  EXPECT_EQ("1234", ShortNumber(1234, 4));
}

// Few pairs, all apart, all the same distance: axes must not shrink to nothing.
TEST(Plots, CurvesOfFewPointsHaveAxes) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::vector<float> cases[][2] = {{{0}, {0, 0}},
                                         {{0.25f, 0.5f}, {2, 3, 4}}};
  for (const auto& pairs : cases) {
    VerificationReport report;
    report.curve = metric::RocCurve::FromDistances(pairs[0], pairs[1]);
    WritePlots(folder.path(), "", report);
    ExpectPictures(folder.File("det"), 1200, 1600);
  }
}

// Up to 16 million points become some thousands, and none of them shows.
TEST(CurveThinner, LeavesOutWhatNobodySees) {
  const PlotAxis axes[] = {{1e-5, 1, true}, {0, 1, false}};
  const int n = 100000;
  std::vector<PlotPoint> all;
  for (int k = 1; k <= n; ++k) {
    const double x = static_cast<double>(k) / n;
    // Long runs, jumps, and a slope.
    all.push_back({x, 0.5 * std::floor(10 * std::sqrt(x)) / 10 + 0.5 * x});
  }
  const double tolerance = 1e-2;
  CurveThinner thinner(axes[0], axes[1], tolerance);
  for (const PlotPoint& point : all) thinner.Add(point);
  const std::vector<PlotPoint> kept = thinner.Finish();
  EXPECT_LE(kept.size(), 4 / tolerance + 4);
  EXPECT_EQ(all.front().x, kept.front().x);
  EXPECT_EQ(all.back().x, kept.back().x);
  // Between two kept neighbours either nothing was left out, or all lies in a
  // box of the tolerance.
  size_t at = 0;
  for (size_t k = 1; k < kept.size(); ++k) {
    const size_t before = at;
    while (all[at].x != kept[k].x) ++at;
    ASSERT_EQ(all[at].y, kept[k].y);
    if (at == before + 1) continue;
    EXPECT_LE(axes[0].Place(all[at].x) - axes[0].Place(all[before].x),
              tolerance);
    EXPECT_LE(axes[1].Place(all[at].y) - axes[1].Place(all[before].y),
              tolerance);
  }
}

// 1 - TAR is 0 over most of many curves, and has no logarithm.
TEST(CurveThinner, WhatLiesBeyondAnAxisIsOnePlace) {
  CurveThinner thinner({1e-5, 1, true}, {1e-3, 1, true}, 0.1);
  for (int k = 1; k <= 100000; ++k) {
    thinner.Add({k * 1e-5, k < 50000 ? std::pow(10, -5e-3 * k) : 0});
  }
  const std::vector<PlotPoint> kept = thinner.Finish();
  EXPECT_LE(kept.size(), 44u);
  EXPECT_EQ(1, kept.back().x);
}

TEST(Plots, HistogramsAreShares) {
  const DistanceHistogram bins = HistogramOf(
      metric::RocCurve::FromDistances({0, 1, 1, 1}, {1, 9.5f, 9.75f, 10}));
  ASSERT_EQ(10u, bins.genuine.size());
  EXPECT_EQ(0, bins.low);
  EXPECT_DOUBLE_EQ(1, bins.width);
  EXPECT_DOUBLE_EQ(0.25, bins.genuine[0]);
  EXPECT_DOUBLE_EQ(0.75, bins.genuine[1]);
  EXPECT_DOUBLE_EQ(0.25, bins.impostor[1]);
  EXPECT_DOUBLE_EQ(0.75, bins.impostor[9]);
}

TEST(Plots, OneKindOfPairsIsRefused) {
  ImageFolder folder;
  VerificationReport report;
  report.curve = metric::RocCurve::FromDistances({1, 2}, {});
  InputError([&] { WritePlots(folder.File("out"), "", report); });
  EXPECT_FALSE(IsThere(folder.File("out")));
}

TEST(Plots, FolderThatCannotBeMade) {
  ImageFolder folder;
  const std::string file = folder.Write("file", "");
  for (const std::string& out : {folder.File("no/such"), file}) {
    const std::string message =
        InputError([&] { WritePlots(out, "", SomeReport()); });
    ExpectHas(message, out + ": cannot make this folder: ");
  }
}

TEST(Plots, WithoutGnuplotSaysWhatIsMissing) {
  ImageFolder folder;
  const OtherPath path(folder.path());
  for (const auto& call : std::vector<std::function<void()>>{
           CheckGnuplot,
           [&] { WritePlots(folder.path(), "", SomeReport()); }}) {
    const std::string message = InputError(call);
    ExpectHas(message, "plots want the program gnuplot, and none is on PATH");
    ExpectHas(message, "gnuplot-nox");
  }
}

TEST(Plots, GnuplotThatFailsIsOneLine) {
  struct {
    const char *script, *message;
  } const cases[] = {
      {"echo >&2; echo 'plot x y' >&2; echo '       ^' >&2\n"
       "echo '\"roc.gp\" line 3: no such thing' >&2; echo 'system error' >&2\n"
       "exit 3",
       "/roc.gp: gnuplot failed with code 3: \"roc.gp\" line 3: no such thing; "
       "system error"},
      {"echo 'no library' >&2; exit 127",
       "/roc.gp: gnuplot failed with code 127: no library"},
      {"exit 1", "/roc.gp: gnuplot failed with code 1"},
      {"kill -9 $$", "/roc.gp: gnuplot was ended by signal 9"},
      {"exit 0", "/roc.svg: "},
      {"echo '<svg>' > roc.svg", "/roc.svg: gnuplot wrote only a part of it"}};
  for (const auto& c : cases) {
    ImageFolder folder;
    WriteFakeGnuplot(folder, c.script);
    folder.Write("roc.png", "of before");
    const OtherPath path(folder.path());
    const std::string message =
        InputError([&] { WritePlots(folder.path(), "", SomeReport()); });
    ExpectHas(message, folder.path() + c.message);
    EXPECT_EQ(std::string::npos, message.find('\n')) << message;
    EXPECT_FALSE(IsThere(folder.File("roc.png"))) << c.script;
  }
}

TEST(Plots, GnuplotsOwnComplaintNamesTheLine) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  GnuplotPicture picture;
  picture.name = "x";
  picture.settings = "set nonsense\n";
  const std::string message =
      InputError([&] { DrawWithGnuplot(folder.path(), picture); });
  ExpectHas(message, folder.File("x.gp") +
                         ": gnuplot failed with code 1: \"x.gp\" line 3: ");
}

// A folder of pictures in two shapes, with names that gnuplot could mistake.
std::vector<std::string> SheetPictures(const ImageFolder& folder) {
  std::vector<std::string> paths = {
      folder / "O'Neil_1/a_{b}.png", folder / "O'Neil_1/c^2 & d.png",
      folder / "Zo\xc3\xab/0123456789_a_long_name.png"};
  WriteImage(paths[0], Pattern(30, 20, 1));
  WriteImage(paths[1], Pattern(200, 300, 3));
  WriteImage(paths[2], Pattern(112, 112, 3));
  return paths;
}

TEST(Sheet, ShowsThePairsThatMislead) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::vector<std::string> paths = SheetPictures(folder);
  VerificationReport report;
  report.worst_genuine = {{0.875f, 0, 1, 1}};
  report.worst_impostor = {{0.125f, 0, 2, 1}, {0.25f, 2, 1, 1}};
  EXPECT_EQ("", WriteSheet(folder.File("out"), "it's", report, paths));
  const std::string stem = folder.File("out/worst_pairs");
  ExpectPictures(stem, 92 + 174, 1600);
  const std::string svg = TextOf(stem + ".svg");
  for (const char* text :
       {">it's<", ">1: 0.8750<", ">2: 0.1250<", ">3: 0.2500<", ">O'Neil_1<",
        ">a_{b}.png<", ">c^2 &amp; d.png<", ">Zo\xc3\xab<",
        ">\u2026_a_long_name.png<"}) {
    EXPECT_NE(std::string::npos, svg.find(text)) << text;
  }
  // Inside it, not beside it.
  EXPECT_NE(std::string::npos, svg.find("data:image/png;base64"));
  EXPECT_EQ(4u, FilesBelow(folder.File("out"), "").size());
  // Row 2 stands on the right in the first pair of the right half, and gnuplot
  // leaves its pixels where they were.
  const Image drawn = ReadImage(stem + ".png");
  const Image put = ReadImage(folder.File("out/worst_pairs_pictures.png"));
  ASSERT_EQ(put.width, drawn.width);
  const Image pattern = Pattern(112, 112, 3);
  int difference = 0;
  for (int h = 1; h < 111; ++h) {
    for (int w = 1; w < 111; ++w) {
      const int left = 832 + 120 + w;
      ASSERT_EQ(pattern.at(h, w, 0), put.at(92 + h, left, 0));
      difference = std::max(difference, std::abs(pattern.at(h, w, 0) -
                                                 drawn.at(92 + h, left, 0)));
    }
  }
  EXPECT_LE(difference, 2);
}

// One bad crop was in half of the pairs of the sheet.
TEST(Sheet, AnImageIsInTwoPairsAtMostAndErrorsAreNamed) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::vector<std::string> paths = SheetPictures(folder);
  VerificationReport report;
  report.calibrated = {0.01, true, {}, 0.01, 0.2};
  report.worst_genuine = {{0.875f, 0, 1, 1}};
  report.worst_impostor = {{0.125f, 0, 2, 1}, {0.15f, 0, 2, 1},
                           {0.21875f, 2, 1, 1}};
  EXPECT_EQ("", WriteSheet(folder.File("out"), "", report, paths));
  const std::string svg = TextOf(folder.File("out/worst_pairs.svg"));
  for (const char* text :
       {">1: 0.8750 error<", ">2: 0.1250 error<", ">3: 0.2188 near miss<",
        "errors are pairs that the threshold for FAR 0.01, 0.2000, "}) {
    EXPECT_NE(std::string::npos, svg.find(text)) << text;
  }
  EXPECT_EQ(std::string::npos, svg.find("0.1500"));
}

TEST(Sheet, APairFarFromTheThresholdIsNoNearMiss) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::vector<std::string> paths = SheetPictures(folder);
  VerificationReport report;
  report.calibrated = {0.01, true, {}, 0.01, 0.125};
  report.worst_genuine = {{0.0625f, 0, 1, 1}};
  report.worst_impostor = {{1.602f, 0, 2, 1}};
  EXPECT_EQ("", WriteSheet(folder.File("out"), "", report, paths));
  const std::string svg = TextOf(folder.File("out/worst_pairs.svg"));
  ExpectHas(svg, ">1: 0.06250 right<");
  ExpectHas(svg, ">2: 1.602 right<");
  EXPECT_EQ(std::string::npos, svg.find("near miss"));
}

// What is drawn for a letter that no font has ran over the names beside it.
TEST(Sheet, ALetterThatNoFontHasIsAMarkInThePngAlone) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::string name = "a\xf3\xb0\x80\x80z";  // private, plane 15
  const std::string path = folder / (name + "/1.png");
  WriteImage(path, Pattern(30, 20, 1));
  VerificationReport report;
  report.worst_impostor = {{0.5f, 0, 0, 1}};
  testing::internal::CaptureStderr();
  EXPECT_EQ("", WriteSheet(folder.File("out"), "", report, {path}));
  const std::string log = testing::internal::GetCapturedStderr();
  const std::string script = TextOf(folder.File("out/worst_pairs.gp"));
  EXPECT_NE(std::string::npos, script.find("'" + name + "'"));
  EXPECT_NE(std::string::npos, script.find("'a?z'"));
  ExpectHas(log, "worst_pairs.png: no font has 2 of its letters");
}

TEST(Plots, TheAxesOfADetEndWhereItsCurveDoes) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  VerificationReport report;
  std::vector<float> genuine, impostor;
  for (int k = 0; k < 100; ++k) genuine.push_back(0.001f * k);
  for (int k = 0; k < 10000; ++k) impostor.push_back(0.0955f + 0.0001f * k);
  report.curve = metric::RocCurve::FromDistances(genuine, impostor);
  WritePlots(folder.path(), "", report, "cosine");
  const std::string script = TextOf(folder.File("det.gp"));
  ExpectHas(script, "set xrange [0.0001:0.005]");
  ExpectHas(script, "set yrange [0.005:0.05]");
  ExpectHas(TextOf(folder.File("distances.gp")),
            "set xlabel 'cosine distance (cosine)'");
}

TEST(Plots, NoTextOfAnAxisMeansAnythingToGnuplot) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  WritePlots(folder.path(), "", SomeReport(), "squared_l2");
  ExpectHas(TextOf(folder.File("distances.svg")),
            ">squared Euclidean distance (squared_l2)<");
}

TEST(Plots, CmcAndRankedAnswersOfAGallery) {
  TERCET_GNUPLOT_OR_SKIP();
  ImageFolder folder;
  const std::vector<std::string> paths = SheetPictures(folder);
  IdentificationReport report;
  report.gallery = 2;
  report.probes = 1;
  report.cmc = {{0.5, {0.25, 0.75}}, {1, {NAN, NAN}}};
  report.map.value = 0.5;
  report.worst = {{0, 2, {{0, 0.25f, false}, {1, 0.5f, true}}}};
  const std::string out = folder.File("out");
  WriteCmcPlot(out, "faces", report);
  ExpectPictures(out + "/cmc", 1200, 1600);
  EXPECT_EQ("", WriteRankedSheet(out, "faces", report, {paths[2]},
                                 {paths[0], paths[1]}));
  const std::string svg = TextOf(out + "/ranked.svg");
  for (const char* text : {">1: first mate 2<", ">0.2500<", ">0.5000<"}) {
    EXPECT_NE(std::string::npos, svg.find(text)) << text;
  }
  report.worst.clear();
  EXPECT_EQ("no probe has a mate in the gallery",
            WriteRankedSheet(out, "", report, {}, {}));
}

TEST(Sheet, WithoutPicturesSaysWhyThereIsNone) {
  ImageFolder folder;
  VerificationReport report;
  EXPECT_EQ("there are no pairs for a sheet of the worst ones",
            WriteSheet(folder.File("out"), "", report, {}));
  report.worst_impostor = {{0.5f, 0, 1, 1}};
  const std::string reason =
      WriteSheet(folder.File("out"), "", report,
                 {folder.WriteFlat("a.png", 4, 4, 1, 9), folder.File("b.png")});
  EXPECT_EQ(0u, reason.find(folder.path())) << reason;
  ExpectHas(reason, folder.File("b.png"));
  EXPECT_FALSE(IsThere(folder.File("out")));
}

}  // namespace
}  // namespace caffe
