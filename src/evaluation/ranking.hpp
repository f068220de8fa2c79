// Where the right rows of a query lie among the wrong ones: what all figures of
// retrieval.hpp follow from.
#ifndef TERCET_EVALUATION_RANKING_HPP_
#define TERCET_EVALUATION_RANKING_HPP_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "caffe/evaluation/retrieval.hpp"

namespace caffe {
namespace metric {

// One distance at which a query has right rows.
struct TiedRows {
  int64_t wrong_before;  // wrong rows that are nearer
  int64_t right;
  int64_t wrong;  // wrong rows at this very distance
};

// Rows made ready to be measured.
class RankedRows {
 public:
  // Error kInput: a row of `name` is not finite or too long. The rows' centre
  // is taken from `like`, which must be what they are measured against, or from
  // the rows themselves where it is null.
  RankedRows(Distance kind, const PeopleRows& rows, int64_t D,
             const std::string& name, const RankedRows* like);

  Distance kind() const { return kind_; }
  int64_t size() const { return rows_.count; }
  int64_t D() const { return D_; }
  int label(int64_t i) const { return rows_.labels[i]; }
  int camera(int64_t i) const { return rows_.cameras[i]; }
  bool has_cameras() const { return rows_.cameras != nullptr; }
  const float* row(int64_t i) const { return rows_.x + i * D_; }
  // kCosine: 1 / |row|, or 0 for a row of zeros. The others: 1.
  double inverse(int64_t i) const {
    return kind_ == Distance::kCosine ? inverses_[i] : 1;
  }
  // What products are made of: row * inverse - centre.
  const float* centred(int64_t i) const { return centred_.data() + i * D_; }
  // The squared length of that, or 0 for kL1.
  const float* squares() const { return squares_.data(); }
  // A distance that was estimated is wrong by at most slack(i) + slack(j).
  const float* slacks() const { return slacks_.data(); }

 private:
  void Invert();
  void Centre(const RankedRows* like);

  const Distance kind_;
  const PeopleRows rows_;
  const int64_t D_;
  std::vector<double> inverses_, centre_;
  std::vector<float> centred_, squares_, slacks_;
};

// For each row of `queries` the rows of `base` with its label, nearest first,
// and the wrong rows between them. A row of the same camera is none of them
// where both sides have cameras, nor is the query itself where queries and base
// are one object. `body` is called once for each query that has right rows, on
// several threads.
void RankAll(const RankedRows& queries, const RankedRows& base,
             const std::function<void(int64_t query,
                                      const std::vector<TiedRows>& right)>&
                 body);

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_EVALUATION_RANKING_HPP_
