// All pairs of images of labelled people. A threshold is never taken from the
// people that it is judged on: with a fold, it comes from the people of the
// other folds; without one, each of five folds is judged by the threshold of
// the other four.
#ifndef TERCET_EVALUATION_PEOPLE_PROTOCOL_HPP_
#define TERCET_EVALUATION_PEOPLE_PROTOCOL_HPP_

#include <optional>
#include <string>
#include <vector>

#include "evaluation/report.hpp"

namespace caffe {

struct PeopleProtocol {
  metric::Distance distance = metric::Distance::kSquaredL2;
  // The people of fold `fold` of `of` are judged; of 0: all. Person i, in the
  // order of the labels, is in fold i mod of.
  int fold = 0, of = 0;
  std::vector<double> fars;      // each in (0, 1)
  double calibrated_far = 1e-3;  // whose threshold is told
  std::vector<int64_t> ranks;    // of Recall@k
  // Before distances are taken, the mean of the embeddings of the people of the
  // other folds is subtracted; wants `of`.
  bool subtract_mean = false;
  std::optional<double> threshold;  // given: the accuracy is taken there
  int replicates = 500;             // of the intervals over people; 0: none
  uint64_t seed = 1;
  int64_t worst = 24;  // how many of the worst pairs of each kind are told
};

struct PeopleReport {
  VerificationReport verification;
  RetrievalReport retrieval;
  std::vector<int> judged;  // the rows that were
};

// `set` has labels. The accuracy, and the choice of its threshold, count both
// kinds of pairs the same. Error kInput where the judged people give not pairs
// of both kinds, and with the image where its row is not finite.
PeopleReport JudgePeople(const PeopleProtocol& protocol,
                         const EmbeddingSet& set);

}  // namespace caffe

#endif  // TERCET_EVALUATION_PEOPLE_PROTOCOL_HPP_
