// The doctor of a training run: looks at each metric loss, iteration by
// iteration, and says where the embeddings come to nothing: which failure it is
// and since when. What is done about it is the solver's; what to change is
// known to the layers (MetricLossLayer's advice).
//
// It looks at running means of a loss's BatchHealth over about ten iterations,
// and at what these were over the first kStartIterations of a stage, in which
// the loss mines in one way. A failure is told when its signs have been there
// for some iterations in a row (PatienceFor), so that no single batch decides:
//
//   kPoint        the embeddings are nearly one point: spread < 0.35 norm, and
//                 the loss what it is in one point. With a hard hinge: 0.98 to
//                 1.06 of the margin, 99 % of the tuples active, two rows as a
//                 rule not farther apart than two margins. With a soft one: log
//                 2 +- 0.01 (with a margin m log(1 + exp(m))), two rows not
//                 farther apart than 0.5. Where that loss is not known, spread
//                 < 0.05 norm alone.
//   kVanishing    the norm is below 1 % of what it was at the start, or 0, and
//                 the loss as in one point
//   kExploding    norm and loss above ten times what they were at the start,
//                 the loss above ten times that of one point; where that is not
//                 known, the norm above 1000 times
//   kNoneActive   no tuple has a hard hinge above 0; or hardly any has, and that
//                 from the start
//   kAllActive    90 % of the tuples are active, and d(a,p) - d(a,n) is what it
//                 was at the start; or 99 %, and the margin is twice a typical
//                 distance
//   kNoTuples     most batches hold no tuple: no positives, or no negatives
//
// The signs were chosen on some hundred runs on faces that collapsed, stayed on
// a plateau or learned (docs/training.md). A small share of active tuples alone
// is no sign, and neither are verification figures on easy data. Values that
// are not finite are found by the solver.
#ifndef TERCET_SOLVER_DOCTOR_HPP_
#define TERCET_SOLVER_DOCTOR_HPP_

#include <string>
#include <vector>

#include "caffe/loss/diagnostics.hpp"
#include "caffe/proto/caffe.pb.h"

namespace caffe {

enum class Failure {
  kPoint,
  kVanishing,
  kExploding,
  kNoneActive,
  kAllActive,
  kNoTuples
};
constexpr int kFailures = 6;

// What the doctor says of a loss after an iteration.
struct Diagnosis {
  Failure failure;
  int since;      // the iteration
  bool over;      // it was told before, and is no more
  std::string text;  // "the embeddings are nearly one point (spread 0.07 ...)",
                     // and where it is over "spread 0.6, norm 1, loss 0.1"
};

// Of one loss. A pure function of what it has looked at.
class LossDoctor {
 public:
  static constexpr int kStartIterations = 20;

  // `tuples`: what the loss counts, "triplets" or "pairs", for the texts.
  explicit LossDoctor(const std::string& tuples = "triplets");

  // An iteration: the passes of a batch that is split (iter_size) are given one
  // by one to Add, and Look ends it and says what is new.
  void Add(const metric::BatchHealth& health);
  std::vector<Diagnosis> Look(int iteration);

  // The mean length of the embeddings at the start of the stage.
  double norm_at_start() const { return start_[kNorm]; }

  // Whether no failure shows, told or not.
  bool Healthy() const;

  void Save(LossDoctorState* state) const;
  void Load(const LossDoctorState& state);

 private:
  enum Quantity {
    kNorm,
    kSpread,
    kTypical,
    kEmpty,  // passes without a tuple
    kLoss,   // this one and the next are of the iterations with tuples
    kCollapsed,
    kActive,
    kQuantities
  };

  void Restart(int stage);
  void UpdateMeans();
  bool HasStart() const { return seen_ >= kStartIterations; }
  bool HasStartOfLoss() const { return with_tuples_ >= kStartIterations; }
  bool LossOfOnePoint() const;
  bool MakesNoProgress() const;
  bool Shows(Failure failure) const;
  bool QuietFromTheStart() const;
  int PatienceFor(Failure failure) const;
  std::string Rows() const;  // their figures, in words
  std::string Loss() const;
  std::string Describe(Failure failure) const;

  std::string tuples_;
  // The passes of the iteration under way.
  std::vector<metric::BatchHealth> passes_;
  bool hinged_ = false, soft_ = false, none_active_ = false;
  int stage_ = 0;
  int seen_ = 0;         // iterations of this stage
  int with_tuples_ = 0;  // and those that had a tuple: they alone have a loss
  double mean_[kQuantities] = {};   // running means
  double start_[kQuantities] = {};  // means over the stage's first iterations
  int since_[kFailures];  // iterations, or -1
  int gone_[kFailures];
  bool told_[kFailures];
};

}  // namespace caffe

#endif  // TERCET_SOLVER_DOCTOR_HPP_
