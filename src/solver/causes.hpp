// Why a run learns nothing or diverges, as far as the net tells: weights that
// begin at 0 or all equal, statistics of BatchNorm that nobody filled, pixels
// without a scale, a power below 1 at 0, a rate that moves nothing, a set that
// a few batches hold. Each finding is a remedy for "to mend it, ...", or a line
// for the log; when to look, and what else may be wrong, is left to the solver
// and its doctor.
#ifndef TERCET_SOLVER_CAUSES_HPP_
#define TERCET_SOLVER_CAUSES_HPP_

#include <string>
#include <vector>

#include "caffe/net.hpp"

namespace caffe {

// Of one train net, which must outlive it. All functions look at values on the
// host: they are for the start of a run and for its failures.
template <typename Dtype>
class Causes {
 public:
  explicit Causes(const Net<Dtype>& net) : net_(net) {}

  // Before the first iteration: remembers weights for RateTooSmall. Returns a
  // line for the log, or "": which BatchNorm layers use averages that are
  // empty.
  string AtStart();
  // After the first backward pass: a line on the layers whose weights are 0
  // everywhere and have got no gradient: two or more, or one without a filler.
  // Or "".
  string DeadLayers();
  // After the first backward pass: a line on the layers whose filters are all
  // equal, and so are their gradients: they stay equal. Or "".
  string EqualFilters();
  // Before the update of iteration kRateIterations of a run: a line where the
  // weights are nearly what they were, or "".
  static constexpr int kRateIterations = 100;
  string RateTooSmall() const;

  // What to change where embeddings became nothing, or values too large; ""
  // where nothing was found.
  string OfCollapse() const;
  string OfLargeValues() const;
  // What to change where a value is not finite; without a cause the rate, if
  // there was an update.
  string OfNotFinite(bool updated) const;
  // What to change where no tuple is active: the set is too small.
  string OfQuiet() const;

 private:
  struct Remembered {
    const Blob<Dtype>* blob;
    vector<Dtype> values;  // every so many
  };

  // "", or what keeps embeddings of a metric loss from growing without end.
  string Normalise(const string& before) const;
  // What to change where filters are equal; without such, OfLargeValues.
  string OfEqualFilters() const;
  static string Fillers(const vector<string>& names);
  string EmptyAverages() const;
  string Pixels() const;
  string PowerAtZero() const;

  const Net<Dtype>& net_;
  vector<Remembered> start_;
  vector<int> dead_;   // layers
  vector<int> equal_;  // layers
};

}  // namespace caffe

#endif  // TERCET_SOLVER_CAUSES_HPP_
