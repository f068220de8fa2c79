// What the pictures of a verification show, as gnuplot's commands and data.
#include "tools/evaluate/plots.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include "caffe/check.hpp"
#include "tools/evaluate/gnuplot.hpp"
#include "tools/evaluate/report_text.hpp"

namespace caffe {
namespace {

using metric::RocCurve;
using metric::RocPoint;

// Half a pixel of a PNG, or less.
constexpr double kTolerance = 1.0 / 3000;
// Blue and vermilion of Okabe and Ito, which all kinds of colour vision tell
// apart, and in print their brightness does.
constexpr char kGenuineColor[] = "'#0072b2'";
constexpr char kImpostorColor[] = "'#d55e00'";
constexpr char kMarkColor[] = "'#222222'";
constexpr char kGuideColor[] = "'#8c8c8c'";

// What all pictures share: light lines behind the data, an open frame, and the
// key below, where no curve can run into it.
constexpr char kFrame[] =
    "set border 3 back lc rgb '#595959'\n"
    "set tics nomirror out textcolor rgb '#222222'\n"
    "set grid back lt 1 lc rgb '#d4d4d4' lw 0.6, lt 1 lc rgb '#ececec' lw 0.6\n"
    "set key outside bottom center horizontal maxcols 2 Left reverse "
    "noenhanced samplen 2.5 spacing 1.25 width -4 height 1 font ',12'\n";

std::string Grouped(double count) {
  std::string digits = std::to_string(std::llround(count));
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

// The title, and under it of what the picture is.
std::string TitleOf(const std::string& title,
                    const VerificationReport& report) {
  std::string pairs = Grouped(report.curve.genuine()) + " genuine and " +
                      Grouped(report.curve.impostor()) + " impostor pairs";
  if (report.people > 0) pairs += " of " + Grouped(report.people) + " people";
  std::string text = "set title ";
  if (!title.empty()) text += GnuplotQuote(title) + ".\"\\n\".";
  return text + GnuplotQuote(pairs) + " noenhanced\n";
}

// No letter of it has a meaning: not the _ of squared_l2, either.
std::string AxisLabel(const char* axis, const std::string& text) {
  return std::string("set ") + axis + "label " + GnuplotQuote(text) +
         " noenhanced\n";
}

// "EER 0.0123 [0.011, 0.014]".
std::string Named(const std::string& name, const Figure& figure, int digits) {
  std::string text = name + " " + ShortNumber(figure.value, digits);
  if (std::isfinite(figure.interval.low) &&
      std::isfinite(figure.interval.high)) {
    text += " [" + ShortNumber(figure.interval.low, digits) + ", " +
            ShortNumber(figure.interval.high, digits) + "]";
  }
  return GnuplotQuote(text);
}

// A name, its points, two numbers a line.
std::string DataBlock(const std::string& name,
                      const std::vector<PlotPoint>& points) {
  std::ostringstream block;
  block.precision(9);
  block << '$' << name << " << EOD\n";
  for (const PlotPoint& point : points) {
    block << point.x << ' ' << point.y << '\n';
  }
  block << "EOD\n";
  return block.str();
}

std::string RangeOf(const char* name, const PlotAxis& axis) {
  std::ostringstream text;
  text.precision(9);
  text << "set " << name << "range [" << axis.low << ':' << axis.high << "]\n";
  if (axis.logarithmic) {
    text << "set logscale " << name << "\nset format " << name
         << " '10^{%T}'\nset m" << name << "tics 10\nset grid m" << name
         << "tics\n";
  }
  return text.str();
}

// The power of ten at or below a share, down from 0.1.
double DecadeBelow(double share) {
  return std::min(0.1, std::pow(10.0, std::floor(std::log10(share) + 1e-9)));
}

// The number of 1, 2 or 5 and zeros at or below a share, down from 0.5.
double StepBelow(double share) {
  const double decade = std::pow(10.0, std::floor(std::log10(share) + 1e-9));
  for (const double step : {5.0, 2.0}) {
    const double tick = step * decade;
    if (tick <= share * (1 + 1e-9)) return std::min(0.5, tick);
  }
  return std::min(0.5, decade);
}

// The same at or above it.
double StepAbove(double share) {
  const double decade = std::pow(10.0, std::floor(std::log10(share) - 1e-9));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (step * decade >= share * (1 - 1e-9)) {
      return std::min(1.0, step * decade);
    }
  }
  return 1;
}

// From the least FAR that the impostors support.
PlotAxis FarAxis(const RocCurve& curve) {
  return {DecadeBelow(1 / curve.impostor()), 1, true};
}

// The steps of TAR over FAR, or of FRR over FAR, that show on these axes. What
// is accepted before the second impostor stands at the least FAR.
std::vector<PlotPoint> Steps(const RocCurve& curve, const PlotAxis& x_axis,
                             const PlotAxis& y_axis, bool frr) {
  CurveThinner thinner(x_axis, y_axis, kTolerance);
  const auto add = [&](double impostor, double genuine) {
    const double tar = genuine / curve.genuine();
    thinner.Add({impostor / curve.impostor(), frr ? 1 - tar : tar});
  };
  const std::vector<RocPoint>& points = curve.points();
  size_t k = 0;
  while (k < points.size() && points[k].impostor <= 1) ++k;
  add(1, k == 0 ? 0 : points[k - 1].genuine);
  for (; k < points.size(); ++k) add(points[k].impostor, points[k].genuine);
  return thinner.Finish();
}

// The figures at the FARs that were asked for: FAR, value, lower and upper end,
// none of them below `least`.
std::string TarBlock(const VerificationReport& report, bool frr, double least) {
  std::ostringstream block;
  block.precision(9);
  for (const TarAtFar& at : report.tar) {
    if (!at.supported || !std::isfinite(at.tar.value)) continue;
    const auto end = [&](double value) {
      const double tar = std::isfinite(value) ? value : at.tar.value;
      return std::max(least, frr ? 1 - tar : tar);
    };
    block << at.far << ' ' << end(at.tar.value) << ' '
          << end(frr ? at.tar.interval.high : at.tar.interval.low) << ' '
          << end(frr ? at.tar.interval.low : at.tar.interval.high) << '\n';
  }
  if (block.str().empty()) return "";
  return "$at << EOD\n" + block.str() + "EOD\n";
}

// The curve $curve, the EER at (x, y), the figures of $at where there are any.
std::string CurvePlot(const VerificationReport& report, double x, double y,
                      const std::string& guide, bool has_figures,
                      const std::string& curve_name, const char* figure_name) {
  std::ostringstream plot;
  plot.precision(9);
  plot << "plot " << guide << "$curve with steps lw 2.5 lc rgb "
       << kGenuineColor << " title " << curve_name;
  if (has_figures) {
    plot << ", \\\n  $at with yerrorbars pt 6 ps 0.7 lw 1.5 lc rgb "
         << kMarkColor << " title '" << figure_name << " at chosen FARs'";
  }
  Figure eer = report.eer;
  if (!std::isfinite(eer.value)) {
    eer.value = report.curve.EqualErrorRate().rate;
  }
  plot << ", \\\n  '+' using (" << x << "):(" << y
       << ") every ::0::0 with points pt 7 ps 1.1 lc rgb " << kImpostorColor
       << " title " << Named("EER", eer, 3);
  return plot.str();
}

// A high round TAR below the whole curve, so that it fills the picture.
double LowestTar(double first) {
  double lowest = 0;
  for (const double tar : {0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999}) {
    if (tar <= first) lowest = tar;
  }
  return lowest;
}

GnuplotPicture RocPicture(const std::string& title,
                          const VerificationReport& report) {
  const RocCurve& curve = report.curve;
  const PlotAxis x = FarAxis(curve);
  const double first = curve.LastPointWithin(1 / curve.impostor()).tar;
  const PlotAxis y = {LowestTar(first), 1, false};
  const std::string figures = TarBlock(report, false, 0);
  const double eer = curve.EqualErrorRate().rate;
  Figure auc = report.auc;
  if (!std::isfinite(auc.value)) auc.value = curve.Auc();

  GnuplotPicture picture;
  picture.name = "roc";
  picture.settings = DataBlock("curve", Steps(curve, x, y, false)) + figures +
                     kFrame + TitleOf(title, report) + RangeOf("x", x) +
                     RangeOf("y", y) +
                     AxisLabel("x", "false accept rate (FAR)") +
                     AxisLabel("y", "true accept rate (TAR)");
  // By chance TAR = FAR.
  const std::string guide =
      y.low > 0 ? ""
                : std::string("x with lines dt 2 lw 1.2 lc rgb ") +
                      kGuideColor + " title 'by chance', \\\n  ";
  picture.plot = CurvePlot(report, eer, 1 - eer, guide, !figures.empty(),
                           Named("AUC", auc, 4), "TAR");
  return picture;
}

GnuplotPicture DetPicture(const std::string& title,
                          const VerificationReport& report) {
  const RocCurve& curve = report.curve;
  // The axes end where the curve does: at the FAR beyond which nobody is
  // refused, and at the FRR of the least FAR; the EER lies inside.
  const double eer = curve.EqualErrorRate().rate;
  const double first = 1 - curve.LastPointWithin(1 / curve.impostor()).tar;
  double least = 1, end = 1;
  for (const RocPoint& point : curve.points()) {
    const double frr = 1 - point.genuine / curve.genuine();
    if (frr > 0) least = std::min(least, frr);
    if (frr > 0 || point.impostor <= 1) continue;
    end = point.impostor / curve.impostor();
    break;
  }
  const double begin = 1 / curve.impostor();
  PlotAxis x = {StepBelow(begin), StepAbove(std::max(end, eer)), true};
  if (x.high < 9 * x.low) x.high = std::min(1.0, 10 * x.low);
  PlotAxis y = {StepBelow(least * 0.99),
                StepAbove(std::max({first, eer, least}) * 1.01), true};
  if (y.high < 9 * y.low) y.low = y.high / 10;
  // Where no genuine pair is refused any more, the curve leaves the picture.
  const double below = y.low / 10;
  std::vector<PlotPoint> points = Steps(curve, x, y, true);
  for (PlotPoint& point : points) point.y = std::max(point.y, below);
  const std::string figures = TarBlock(report, true, below);

  GnuplotPicture picture;
  picture.name = "det";
  picture.settings = DataBlock("curve", points) + figures + kFrame +
                     TitleOf(title, report) + RangeOf("x", x) +
                     RangeOf("y", y) +
                     AxisLabel("x", "false accept rate (FAR)") +
                     AxisLabel("y", "false reject rate (FRR)");
  const std::string guide = std::string("x with lines dt 2 lw 1.2 lc rgb ") +
                            kGuideColor + " title 'FRR = FAR', \\\n  ";
  picture.plot =
      CurvePlot(report, eer, eer, guide, !figures.empty(), "'DET'", "FRR");
  return picture;
}

// A histogram's steps from the first bin that holds anything to the last,
// closed at both ends.
std::vector<PlotPoint> Outline(const DistanceHistogram& bins,
                               const std::vector<double>& shares) {
  size_t begin = 0, end = shares.size();
  while (shares[begin] == 0) ++begin;
  while (shares[end - 1] == 0) --end;
  const auto left = [&](size_t k) {
    return bins.low + bins.width * static_cast<double>(k);
  };
  std::vector<PlotPoint> points = {{left(begin), 0}};
  for (size_t k = begin; k < end; ++k) points.push_back({left(k), shares[k]});
  points.push_back({left(end), 0});
  return points;
}

// What the axis of distances says.
std::string AxisName(const std::string& distance) {
  if (distance == "squared_l2") {
    return "squared Euclidean distance (squared_l2)";
  }
  if (distance == "l2") return "Euclidean distance (l2)";
  if (distance == "cosine") return "cosine distance (cosine)";
  if (distance == "l1") return "sum of absolute differences (l1)";
  return "distance";
}

GnuplotPicture DistancesPicture(const std::string& title,
                                const VerificationReport& report,
                                const std::string& distance) {
  const DistanceHistogram bins = HistogramOf(report.curve);
  const double top =
      1.06 *
      std::max(*std::max_element(bins.genuine.begin(), bins.genuine.end()),
               *std::max_element(bins.impostor.begin(), bins.impostor.end()));
  GnuplotPicture picture;
  picture.name = "distances";
  picture.settings = DataBlock("genuine", Outline(bins, bins.genuine)) +
                     DataBlock("impostor", Outline(bins, bins.impostor)) +
                     kFrame + TitleOf(title, report) +
                     RangeOf("y", {0, top, false}) +
                     AxisLabel("x", AxisName(distance)) +
                     AxisLabel("y", "share of the pairs of its kind") +
                     "set style fill transparent solid 0.3 noborder\n";
  const std::string genuine = std::string("lc rgb ") + kGenuineColor;
  const std::string impostor = std::string("lc rgb ") + kImpostorColor;
  std::ostringstream plot;
  // The outlines above both areas.
  plot << "plot $genuine with fillsteps " << genuine << " notitle, \\\n"
       << "  $impostor with fillsteps " << impostor << " notitle, \\\n"
       << "  $genuine with steps lw 2 " << genuine
       << " title 'genuine pairs', \\\n"
       << "  $impostor with steps lw 2 " << impostor
       << " title 'impostor pairs'";
  const auto line = [&](const char* name, double at, const char* dashes,
                        const std::string& text) {
    if (!std::isfinite(at)) return;
    picture.settings += DataBlock(name, {{at, 0}, {at, top}});
    plot << ", \\\n  $" << name << " with lines lw 1.8 dt " << dashes
         << " lc rgb " << kMarkColor << " title " << GnuplotQuote(text);
  };
  const TarAtFar& calibrated = report.calibrated;
  std::ostringstream far;
  far << "threshold for FAR " << calibrated.far << ": ";
  line("threshold", calibrated.threshold, "1",
       far.str() + ThresholdText(calibrated.threshold));
  const double equal = report.curve.EqualErrorRate().threshold;
  line("eer", equal, "2", "where FAR = FRR: " + ShortNumber(equal, 4));
  picture.plot = plot.str();
  return picture;
}

}  // namespace

double PlotAxis::Place(double value) const {
  const double place = logarithmic
                           ? std::log(value / low) / std::log(high / low)
                           : (value - low) / (high - low);
  return std::clamp(place, 0.0, 1.0);
}

void CurveThinner::Keep(const PlotPoint& point) {
  kept_.push_back(point);
  latest_kept_ = true;
}

void CurveThinner::Add(const PlotPoint& point) {
  // Farther than the tolerance from what is kept, this step would hide what
  // lies between: then its beginning is kept too. All points between two that
  // are kept lie in one small box.
  const auto far = [this](const PlotAxis& axis, double a, double b) {
    return std::abs(axis.Place(a) - axis.Place(b)) > tolerance_;
  };
  if (kept_.empty()) {
    Keep(point);
  } else if (far(x_, kept_.back().x, point.x) ||
             far(y_, kept_.back().y, point.y)) {
    if (!latest_kept_) kept_.push_back(latest_);
    Keep(point);
  } else {
    latest_kept_ = false;
  }
  latest_ = point;
}

std::vector<PlotPoint> CurveThinner::Finish() {
  if (!latest_kept_) Keep(latest_);
  return std::move(kept_);
}

DistanceHistogram HistogramOf(const RocCurve& curve) {
  curve.CheckBothKinds();
  const std::vector<RocPoint>& points = curve.points();
  const double fewer = std::min(curve.genuine(), curve.impostor());
  const int bins =
      static_cast<int>(std::clamp(3 * std::cbrt(fewer), 10.0, 100.0));
  DistanceHistogram histogram;
  histogram.low = points.front().threshold;
  // One distance alone still has a bin.
  const double span = std::max(points.back().threshold - histogram.low,
                               std::max(1e-6, 1e-3 * std::abs(histogram.low)));
  histogram.width = span / bins;
  histogram.genuine.assign(static_cast<size_t>(bins), 0);
  histogram.impostor = histogram.genuine;
  RocPoint before = {};
  for (const RocPoint& point : points) {
    const double place = (point.threshold - histogram.low) / histogram.width;
    const size_t bin = static_cast<size_t>(std::min(place, bins - 1.0));
    histogram.genuine[bin] +=
        (point.genuine - before.genuine) / curve.genuine();
    histogram.impostor[bin] +=
        (point.impostor - before.impostor) / curve.impostor();
    before = point;
  }
  return histogram;
}

void WritePlots(const std::string& folder, const std::string& title,
                const VerificationReport& report, const std::string& distance) {
  report.curve.CheckBothKinds();
  MakePictureFolder(folder);
  DrawWithGnuplot(folder, RocPicture(title, report));
  DrawWithGnuplot(folder, DetPicture(title, report));
  DrawWithGnuplot(folder, DistancesPicture(title, report, distance));
}

std::vector<PlotPoint> ThinCurve(const RocCurve& curve) {
  return Steps(curve, FarAxis(curve), {0, 1, false}, false);
}

void WriteComparison(const std::string& folder,
                     const std::vector<NamedCurve>& curves) {
  // Okabe and Ito's, told apart by dashes, too.
  constexpr const char* kColors[] = {"'#0072b2'", "'#d55e00'", "'#009e73'",
                                     "'#cc79a7'", "'#222222'"};
  MakePictureFolder(folder);
  GnuplotPicture picture;
  picture.name = "compare";
  double begin = 0.1, lowest = 1;
  std::ostringstream plot;
  for (size_t k = 0; k < curves.size(); ++k) {
    const std::string name = "curve" + std::to_string(k);
    picture.settings += DataBlock(name, curves[k].points);
    begin = std::min(begin, DecadeBelow(curves[k].points.front().x));
    lowest = std::min(lowest, curves[k].points.front().y);
    plot << (k == 0 ? "plot $" : ", \\\n  $") << name
         << " with steps lw 2.5 dt " << k + 1 << " lc rgb "
         << kColors[k % std::size(kColors)] << " title "
         << GnuplotQuote(curves[k].name);
  }
  picture.settings += kFrame + RangeOf("x", {begin, 1, true}) +
                      RangeOf("y", {LowestTar(lowest), 1, false}) +
                      "set key maxcols 1\n" +
                      AxisLabel("x", "false accept rate (FAR)") +
                      AxisLabel("y", "true accept rate (TAR)");
  picture.plot = plot.str();
  DrawWithGnuplot(folder, picture);
}

void WriteCmcPlot(const std::string& folder, const std::string& title,
                  const IdentificationReport& report) {
  INPUT_CHECK(!report.cmc.empty()) << "there is no probe for a CMC curve";
  MakePictureFolder(folder);
  const double ranks = static_cast<double>(report.cmc.size());
  double low = LowestTar(report.cmc.front().value);
  std::ostringstream data;
  data.precision(9);
  for (size_t r = 0; r < report.cmc.size(); ++r) {
    const Figure& at = report.cmc[r];
    const bool known = std::isfinite(at.interval.low);
    if (known) low = std::min(low, LowestTar(at.interval.low));
    data << r + 1 << ' ' << at.value << ' '
         << (known ? at.interval.low : at.value) << ' '
         << (known ? at.interval.high : at.value) << '\n';
  }
  std::string probes = Grouped(static_cast<double>(report.probes)) +
                       " probes in " +
                       Grouped(static_cast<double>(report.gallery)) + " images";
  GnuplotPicture picture;
  picture.name = "cmc";
  picture.settings =
      "$cmc << EOD\n" + data.str() + "EOD\n" + kFrame + "set title " +
      (title.empty() ? "" : GnuplotQuote(title) + ".\"\\n\".") +
      GnuplotQuote(probes) + " noenhanced\n" +
      RangeOf("x", {0.5, ranks + 0.5, false}) + RangeOf("y", {low, 1, false}) +
      AxisLabel("x", "rank") +
      AxisLabel("y", "probes with a mate up to this rank (CMC)");
  picture.plot = std::string("plot $cmc using 1:2 with lines lw 2.5 lc rgb ") +
                 kGenuineColor + " title " +
                 Named("mAP", report.map, 4) +
                 ", \\\n  $cmc with yerrorbars pt 7 ps 0.7 lw 1.5 lc rgb " +
                 kMarkColor + " title " +
                 Named("rank 1", report.cmc.front(), 4);
  DrawWithGnuplot(folder, picture);
}

}  // namespace caffe
