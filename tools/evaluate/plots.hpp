// The pictures of a verification: the ROC curve, the DET curve, and how the
// distances lie. How gnuplot is run is gnuplot.hpp's; the sheet of the worst
// pairs is sheet.hpp's.
#ifndef TERCET_TOOLS_EVALUATE_PLOTS_HPP_
#define TERCET_TOOLS_EVALUATE_PLOTS_HPP_

#include <string>
#include <vector>

#include "evaluation/report.hpp"

namespace caffe {

struct PlotPoint {
  double x, y;
};

// Writes into `folder`, which is made where it is missing:
//   roc.svg, roc.png              TAR over FAR, the FAR on a logarithmic axis
//   det.svg, det.png              FRR over FAR, both logarithmic
//   distances.svg, distances.png  the share of the pairs at each distance
// and beside each pair of files the .gp that gnuplot drew them from. `title`
// stands above each, as it is. The same report gives the same files.
//
// The curves are steps, as metric::RocCurve::AtFar reads them, and begin at the
// least FAR that the impostors support.
//
// Error kInput where the report has not pairs of both kinds, and those of
// DrawWithGnuplot.
//
// distance: its name, for the axis; empty: any.
void WritePlots(const std::string& folder, const std::string& title,
                const VerificationReport& report,
                const std::string& distance = "");

// The points of a report's curve that show: FAR, TAR.
std::vector<PlotPoint> ThinCurve(const metric::RocCurve& curve);

// A curve with what the key says of it.
struct NamedCurve {
  std::string name;
  std::vector<PlotPoint> points;
};
// compare.svg and compare.png: TAR over FAR of up to five reports.
void WriteComparison(const std::string& folder,
                     const std::vector<NamedCurve>& curves);

// The same for an identification: cmc.svg and cmc.png, the share of probes with
// a mate among the first r, with intervals where there are.
void WriteCmcPlot(const std::string& folder, const std::string& title,
                  const IdentificationReport& report);

// An axis of a drawing.
struct PlotAxis {
  double low, high;
  bool logarithmic;
  // Where a value lies: 0 at low and below, 1 at high and above.
  double Place(double value) const;
};

// The points of a monotone curve that show: a curve of steps or lines through
// them lies nowhere farther than `tolerance` of an axis' length from one
// through all. Keeps the first and the last, and no more than 4 / tolerance
// + 4.
class CurveThinner {
 public:
  CurveThinner(const PlotAxis& x, const PlotAxis& y, double tolerance)
      : x_(x), y_(y), tolerance_(tolerance) {}
  // The next point; neither coordinate turns back.
  void Add(const PlotPoint& point);
  // With the last point added.
  std::vector<PlotPoint> Finish();

 private:
  void Keep(const PlotPoint& point);

  PlotAxis x_, y_;
  double tolerance_;
  std::vector<PlotPoint> kept_;
  PlotPoint latest_ = {};  // the point that was added last
  bool latest_kept_ = true;
};

// Shares of the pairs of one kind in bins of equal width between two distances.
struct DistanceHistogram {
  double low, width;
  std::vector<double> genuine, impostor;  // each sums up to 1
};

// About three times the cube root of the fewer kind's pairs, 10 to 100 bins.
DistanceHistogram HistogramOf(const metric::RocCurve& curve);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_PLOTS_HPP_
