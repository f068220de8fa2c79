// Retrieval and identification once more, for tests: in double, with each
// query's list sorted, and ties shuffled in all ways there are.
#ifndef TERCET_TEST_EVALUATION_RANKING_REFERENCE_HPP_
#define TERCET_TEST_EVALUATION_RANKING_REFERENCE_HPP_

#include <vector>

#include "caffe/evaluation/retrieval.hpp"

namespace caffe {

// The figures of one list, right[i] telling whether rank i + 1 is right; some
// is. Straight from their definitions, nothing is tied.
double HitOfList(const std::vector<bool>& right, int k);
double RPrecisionOfList(const std::vector<bool>& right);
double ApAtROfList(const std::vector<bool>& right);
double ApOfList(const std::vector<bool>& right);
double InterpolatedApOfList(const std::vector<bool>& right);

// One row of a query's list.
struct RankedRow {
  double distance;
  bool right;
};

// As a float; squared for kL2.
double PlainDistance(metric::Distance kind, const float* x, const float* y,
                     int D);

// The rows of a set that a query is held against.
std::vector<RankedRow> RetrievalList(metric::Distance kind,
                                     const std::vector<float>& x,
                                     const std::vector<int>& labels, int D,
                                     int query);
std::vector<RankedRow> IdentificationList(metric::Distance kind,
                                          const metric::PeopleRows& gallery,
                                          const metric::PeopleRows& probes,
                                          int D, int probe);

// Columns of a row of figures: Recall@k for each k, then, for retrieval,
// precision at 1, R-precision and AP@R, for identification AP and interpolated
// AP.
std::vector<double> FiguresOfList(const std::vector<bool>& right,
                                  const std::vector<int>& ranks,
                                  bool identification);

// Their means over the ways in which right and wrong rows of one distance can
// follow each other; empty where no row is right.
std::vector<double> ExpectedFigures(std::vector<RankedRow> list,
                                    const std::vector<int>& ranks,
                                    bool identification);

}  // namespace caffe

#endif  // TERCET_TEST_EVALUATION_RANKING_REFERENCE_HPP_
