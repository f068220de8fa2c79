// Retrieval and identification: whom does the list of rows nearest to an
// embedding show? Where the embeddings come from, and how often people are
// drawn again for an interval, is left to the callers.
//
// A query is held against a list of other rows. Those with its label are
// right, R of them, the others wrong; a row's rank, from 1, is its place in
// the order of distance. With P(i) the share of right rows among the first i,
// and rel(i) = 1 where rank i is right, else 0, the figures of one query are
//
//   Recall@k, CMC(k)   1 where a right row is among the first k, else 0
//   precision at 1     rel(1)
//   R-precision        P(R)
//   AP@R               1/R sum over i = 1 ... R of rel(i) P(i)
//   AP                 1/R sum over all i of rel(i) P(i)
//   AP, interpolated   1/R sum over all i of rel(i) (P(i-1) + P(i)) / 2,
//                      P(0) = 1
//
// and those of a set the means over its queries. AP@R and R-precision are
// those of Musgrave, Belongie and Lim, "A Metric Learning Reality Check", ECCV
// 2020 (arXiv 2003.08505), section 3.2. AP is that of information retrieval
// and of scikit-learn's average_precision_score. The interpolated one is the
// trapezoid's rule of the Oxford buildings' compute_ap and of Market-1501's
// compute_AP (Zheng et al., "Scalable Person Re-identification", ICCV 2015);
// the two differ, so never compare one with the other.
//
// Ties. Rows at one distance have no order, so a figure is its expected value
// when they are shuffled; it is computed, not drawn (McSherry and Najork,
// "Computing Information Retrieval Performance Measures Efficiently in the
// Presence of Tied Scores", ECIR 2008). scikit-learn's AP takes tied rows for
// one step instead, and agrees where no right row is tied with another row.
//
// Distances. Which of two rows is nearer, and whether they are tied, is decided
// as if all distances were computed from differences in double and rounded to
// float; so identical rows are tied, and the order of the rows, the processor
// and the number of threads do not matter, but for the last bits of the sums
// over queries. kL2 ranks as kSquaredL2. For kCosine two rows less than 1e-10
// apart in direction are at distance 0, and a row of zeros is at distance 1
// from all.
//
// Matrices are row-major, contiguous; labels may be any integers. All
// functions may be called from several threads at once. They use the pool of
// threads, O(queries x rows x D) steps and, besides the figures of each query,
// a copy of the input and some megabytes a thread: no matrix of all distances
// exists.
#ifndef CAFFE_EVALUATION_RETRIEVAL_HPP_
#define CAFFE_EVALUATION_RETRIEVAL_HPP_

#include <cstdint>
#include <vector>

#include "caffe/pairwise/distances.hpp"

namespace caffe {
namespace metric {

// The figures of the queries of each person, added up: what a bootstrap over
// people needs. Drawing people anew changes whose queries are counted, not
// what they are held against.
struct PersonSums {
  std::vector<int> labels;       // P people with a query that counts, ascending
  std::vector<int64_t> queries;  // P: how many of them
  std::vector<double> sums;      // P x figures

  // The mean of each figure over the queries when person p stands weights[p]
  // times in the set, from P x figures steps; some weight must be above 0.
  std::vector<double> Means(const std::vector<double>& weights) const;
};

struct RetrievalFigures {
  std::vector<double> recall;  // Recall@k for each k that was asked for
  double precision_at_1 = 0;
  double r_precision = 0;
  double map_at_r = 0;
};

struct Retrieval {
  int64_t queries = 0;  // rows whose label occurs twice or more
  int64_t skipped = 0;  // the others: nothing there to be found
  RetrievalFigures figures;
  PersonSums people;

  // The figures when person p of `people` stands weights[p] times in the set.
  RetrievalFigures Weighted(const std::vector<double>& weights) const;
};

// Each row of x (n x D, with n labels) is held against all others; `ranks` are
// the k of Recall@k, each 1 or more. Error kInput where no label occurs twice,
// D or a rank is below 1, or a row is not finite (the message names it) or,
// but for kCosine, longer than 2e18.
Retrieval Retrieve(Distance kind, const float* x, const int* labels, int64_t n,
                   int64_t D, const std::vector<int64_t>& ranks);

// Embeddings of known people, or of people to be known again.
struct PeopleRows {
  const float* x = nullptr;      // count x D
  const int* labels = nullptr;   // count
  const int* cameras = nullptr;  // count, or null
  int64_t count = 0;
};

struct IdentificationFigures {
  std::vector<double> cmc;  // cmc[r - 1] = CMC(r)
  double map = 0;           // the mean of AP
  double map_interpolated = 0;
};

struct Identification {
  int64_t probes = 0;        // with a mate in the gallery
  int64_t without_mate = 0;  // the others, which are in no figure
  IdentificationFigures figures;
  PersonSums people;

  IdentificationFigures Weighted(const std::vector<double>& weights) const;
};

// Each probe is held against the gallery; its mates are the rows with its
// label. Where there are cameras, as in Market-1501, the gallery's rows of its
// person by its own camera are left out of its list. CMC is for the ranks 1 to
// max_rank. Errors kInput as above, where no probe has a mate, and where one
// side alone has cameras.
Identification Identify(Distance kind, const PeopleRows& gallery,
                        const PeopleRows& probes, int64_t D,
                        int64_t max_rank = 20);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_EVALUATION_RETRIEVAL_HPP_
