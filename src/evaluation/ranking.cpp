// Ranks by exact distances at the price of estimates. A figure depends on how
// many wrong rows lie before, at and behind each right one. So the few
// distances of right rows are computed from differences in double, and those of
// wrong rows are estimated in float by products of matrices. Only where an
// estimate lies so near to a right row's distance that its error could decide
// is it computed from differences, too. What comes out are counts of exact
// comparisons: how the work was cut into blocks cannot change them.
#include "evaluation/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "caffe/check.hpp"
#include "caffe/util/math_functions.hpp"
#include "core/parallel.hpp"
#include "pairwise/row_set.hpp"

namespace caffe {
namespace metric {

namespace {

// The products of so many queries and rows are in memory at a time.
constexpr int64_t kQueries = 128;
constexpr int64_t kColumns = 2048;

// Squared lengths of rows as they come: centring may double a length, and what
// comes of it has to stay below kMostSquare, as everywhere.
constexpr double kMostSquareGiven = kMostSquare<float> / 4;

// Of two rows in one direction the rounding of their lengths makes less.
constexpr double kSameDirection = 1e-20;

// By how much of |x|^2 + |y|^2 (of the sums of |x_k| and |y_k|, for kL1) an
// estimate may be off: D roundings in a product, whatever the order of its sum,
// four in centring, six in the sums of squares and product, and some to spare.
float SlackShare(int64_t D) {
  constexpr float kRounding = std::numeric_limits<float>::epsilon() / 2;
  return static_cast<float>(D + 32) * kRounding;
}

// The distance of two rows, squared for kL2 and twice that of kCosine.
float Exact(const RankedRows& queries, int64_t i, const RankedRows& base,
            int64_t j) {
  const float* const x = queries.row(i);
  const float* const y = base.row(j);
  double d = 0;
  if (queries.kind() == Distance::kL1) {
    d = RowLaneSum<double>(base.D(), [=](int64_t k) {
      return std::fabs(static_cast<double>(x[k]) - y[k]);
    });
  } else if (queries.kind() == Distance::kCosine) {
    const double a = queries.inverse(i), b = base.inverse(j);
    if (a == 0 || b == 0) return 2;
    d = RowLaneSum<double>(base.D(), [=](int64_t k) {
      const double u = x[k] * a - y[k] * b;
      return u * u;
    });
    if (d < kSameDirection) return 0;
  } else {
    d = RowLaneSum<double>(base.D(), [=](int64_t k) {
      const double u = static_cast<double>(x[k]) - y[k];
      return u * u;
    });
  }
  return static_cast<float>(d);
}

typedef std::map<int, std::vector<int64_t>> RowsOfLabels;

// A query while wrong rows are counted.
struct OpenQuery {
  int64_t row;
  std::vector<float> at;         // the distances of right rows, ascending
  std::vector<int64_t> right;    // how many lie at each
  std::vector<int64_t> between;  // wrong rows behind the last, before this
  std::vector<int64_t> tied;     // wrong rows at it
};

OpenQuery Open(const RankedRows& queries, int64_t i, const RankedRows& base,
               const RowsOfLabels& rows_of) {
  OpenQuery query;
  query.row = i;
  const auto mates = rows_of.find(queries.label(i));
  if (mates == rows_of.end()) return query;
  const bool cameras = queries.has_cameras() && base.has_cameras();
  std::vector<float> distances;
  for (const int64_t j : mates->second) {
    if (&queries == &base && i == j) continue;
    if (cameras && queries.camera(i) == base.camera(j)) continue;
    distances.push_back(Exact(queries, i, base, j));
  }
  std::sort(distances.begin(), distances.end());
  for (const float d : distances) {
    if (query.at.empty() || d != query.at.back()) {
      query.at.push_back(d);
      query.right.push_back(0);
    }
    ++query.right.back();
  }
  query.between.assign(query.at.size(), 0);
  query.tied.assign(query.at.size(), 0);
  return query;
}

// Counts the wrong rows of first ... first + width - 1; product[j - first] is
// what their estimates are made of.
void CountWrong(const RankedRows& queries, const RankedRows& base,
                int64_t first, int64_t width, const float* product,
                OpenQuery* query) {
  const int64_t i = query->row;
  const int label = queries.label(i);
  const float square = queries.squares()[i], slack = queries.slacks()[i];
  const std::vector<float>& at = query->at;
  for (int64_t j = first; j < first + width; ++j) {
    const float estimate = product[j - first] + (square + base.squares()[j]);
    const float doubt = slack + base.slacks()[j];
    if (estimate - doubt > at.back() || base.label(j) == label) continue;
    size_t k =
        std::lower_bound(at.begin(), at.end(), estimate - doubt) - at.begin();
    if (at[k] <= estimate + doubt) {
      const float d = Exact(queries, i, base, j);
      k = std::lower_bound(at.begin(), at.end(), d) - at.begin();
      if (k == at.size()) continue;
      if (at[k] == d) {
        ++query->tied[k];
        continue;
      }
    }
    ++query->between[k];
  }
}

// -2 x.y of the queries (rows of x) and rows first ... of base, or for kL1
// their distance.
void Multiply(const RankedRows& base, const std::vector<float>& x,
              int64_t count, int64_t first, int64_t width, float* products) {
  const int64_t D = base.D();
  if (base.kind() != Distance::kL1) {
    caffe_cpu_gemm(CblasNoTrans, CblasTrans, static_cast<int>(count),
                   static_cast<int>(width), static_cast<int>(D), -2.f,
                   x.data(), base.centred(first), 0.f, products);
    return;
  }
  for (int64_t q = 0; q < count; ++q) {
    for (int64_t j = 0; j < width; ++j) {
      products[q * width + j] = RowDistance(Distance::kL1, x.data() + q * D,
                                            base.centred(first + j), D);
    }
  }
}

std::vector<TiedRows> Close(const OpenQuery& query) {
  std::vector<TiedRows> all;
  int64_t wrong = 0;
  for (size_t k = 0; k < query.at.size(); ++k) {
    wrong += query.between[k];
    all.push_back(TiedRows{wrong, query.right[k], query.tied[k]});
    wrong += query.tied[k];
  }
  return all;
}

}  // namespace

RankedRows::RankedRows(Distance kind, const PeopleRows& rows, int64_t D,
                       const std::string& name, const RankedRows* like)
    : kind_(kind), rows_(rows), D_(D) {
  for (int64_t i = 0; i < size(); ++i) {
    double square = 0;
    for (int64_t k = 0; k < D; ++k) {
      const float value = rows.x[i * D + k];
      INPUT_CHECK(std::isfinite(value))
          << "row " << i << " of " << name << " holds " << value
          << " (coordinate " << k << "), but must be finite";
      square += static_cast<double>(value) * value;
    }
    INPUT_CHECK(kind == Distance::kCosine || square < kMostSquareGiven)
        << "row " << i << " of " << name << " has length "
        << std::sqrt(square) << ", but must be shorter than "
        << std::sqrt(kMostSquareGiven);
  }
  if (kind == Distance::kCosine) Invert();
  Centre(like);
}

void RankedRows::Invert() {
  inverses_.resize(size());
  for (int64_t i = 0; i < size(); ++i) {
    const float* const x = row(i);
    const double norm = std::sqrt(RowLaneSum<double>(D_, [x](int64_t k) {
      return static_cast<double>(x[k]) * x[k];
    }));
    inverses_[i] = norm == 0 ? 0 : 1 / norm;
  }
}

// A common offset changes no distance, but costs an estimate its digits.
void RankedRows::Centre(const RankedRows* like) {
  if (like != nullptr) {
    centre_ = like->centre_;
  } else {
    centre_.assign(D_, 0);
    for (int64_t i = 0; i < size(); ++i) {
      const double scale = inverse(i) / size();
      for (int64_t k = 0; k < D_; ++k) centre_[k] += scale * row(i)[k];
    }
  }
  centred_.resize(size() * D_);
  squares_.assign(size(), 0);
  slacks_.resize(size());
  // Products that underflow are covered by a few least numbers a coordinate,
  // and rows in one direction need not be estimated at 0.
  const float least =
      kind_ == Distance::kCosine
          ? static_cast<float>(kSameDirection)
          : 4 * D_ * std::numeric_limits<float>::min();
  for (int64_t i = 0; i < size(); ++i) {
    float* const to = &centred_[i * D_];
    double square = 0, sum = 0;
    for (int64_t k = 0; k < D_; ++k) {
      to[k] = static_cast<float>(row(i)[k] * inverse(i) - centre_[k]);
      square += static_cast<double>(to[k]) * to[k];
      sum += std::fabs(to[k]);
    }
    const bool l1 = kind_ == Distance::kL1;
    if (!l1) squares_[i] = static_cast<float>(square);
    // A row of zeros has no direction, and its estimates are no use.
    slacks_[i] = inverse(i) == 0
                     ? std::numeric_limits<float>::infinity()
                     : static_cast<float>(l1 ? sum : square) * SlackShare(D_) +
                           least;
  }
}

void RankAll(const RankedRows& queries, const RankedRows& base,
             const std::function<void(int64_t query,
                                      const std::vector<TiedRows>& right)>&
                 body) {
  const int64_t D = base.D();
  RowsOfLabels rows_of;
  for (int64_t j = 0; j < base.size(); ++j) {
    rows_of[base.label(j)].push_back(j);
  }
  const auto rank_range = [&](int64_t begin, int64_t end) {
    std::vector<float> x, products(kQueries * std::min(kColumns, base.size()));
    std::vector<OpenQuery> block;
    for (int64_t i = begin; i < end; ++i) {
      OpenQuery query = Open(queries, i, base, rows_of);
      if (!query.at.empty()) {
        block.push_back(std::move(query));
        x.insert(x.end(), queries.centred(i), queries.centred(i) + D);
      }
      const int64_t count = block.size();
      if (count < kQueries && i + 1 < end) continue;
      for (int64_t first = 0; first < base.size() && count > 0;
           first += kColumns) {
        const int64_t width = std::min(kColumns, base.size() - first);
        Multiply(base, x, count, first, width, products.data());
        for (int64_t q = 0; q < count; ++q) {
          CountWrong(queries, base, first, width, &products[q * width],
                     &block[q]);
        }
      }
      for (const OpenQuery& done : block) body(done.row, Close(done));
      block.clear();
      x.clear();
    }
  };
  ParallelFor(queries.size(), base.size() * D, rank_range);
}

}  // namespace metric
}  // namespace caffe
