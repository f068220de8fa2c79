// Losses over the pairs of a batch once more, for tests: in double, written
// from the definitions, as plainly as possible; and random batches for them.
#ifndef TERCET_TEST_LOSS_PAIR_LOSS_REFERENCE_HPP_
#define TERCET_TEST_LOSS_PAIR_LOSS_REFERENCE_HPP_

#include <string>
#include <vector>

#include "caffe/loss/n_pair.hpp"
#include "caffe/loss/pair_loss.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

// Embeddings with labels; the first `bank` rows are no anchors.
struct LabelledRows {
  int D = 1;
  int bank = 0;
  std::vector<double> x;  // B x D
  std::vector<double> labels;

  int B() const { return static_cast<int>(labels.size()); }
  bool Same(int i, int j) const { return labels[i] == labels[j]; }
  const double* Row(int i) const { return &x[i * D]; }
  std::string Text() const;
};

// Of 1 to 20 rows: one person or several, none twice or all the same, labels
// that are not whole, duplicates, an offset. The values are those of floats.
LabelledRows RandomRows(Rng* rng);

struct PairReference {
  double loss = 0;
  double plain = 0;
  double slope = 0;  // dL/dthreshold
  int64_t pairs = 0;
  int64_t active = 0;
  std::vector<double> gradient;  // (B - bank) x D
  // Whether rounding could decide otherwise about a hinge, and so about a
  // slope; about what is active alone.
  bool ambiguous = false;
  bool ambiguous_active = false;
  double scale = 1;  // of rounding errors in the gradient: 1/|x| for kCosine
};

PairReference PairLossByHand(const metric::PairLossOptions& options,
                             double threshold, const LabelledRows& rows);
PairReference NPairByHand(const metric::NPairOptions& options,
                          const LabelledRows& rows);

}  // namespace caffe

#endif  // TERCET_TEST_LOSS_PAIR_LOSS_REFERENCE_HPP_
