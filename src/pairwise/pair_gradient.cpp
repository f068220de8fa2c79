// The gradient of a loss over pairs: each pair pulls its two rows together, or
// apart, by its slope. Few pairs are followed one by one, all pairs together
// are one matrix product.
#include <algorithm>
#include <vector>

#include "caffe/util/math_functions.hpp"
#include "pairwise/pair_slopes.hpp"

namespace caffe {
namespace metric {

namespace {

// The row by which edges name row i of the set.
template <typename T>
int64_t EdgeRowOf(const RowSet<T>& set, int64_t i) {
  return set.cosine() ? i : set.order[i];
}

// block(a - begin, j) = slopes of the pairs of anchor a with row j: those where
// a is the anchor, and where j is one.
template <typename T>
void SymmetriseSlopes(const RowSet<T>& set, int64_t begin, int64_t end,
                      PairSlopes<T>* slopes, T* block) {
  const RowKernels<T>& kernels = BestRowKernels<T>();
  const int64_t B = set.B;
  if (set.bank == 0) {
    const T* const own = slopes->Panel(RowBlockOf(B, begin));
    for (int64_t p = 0; p < RowBlocks(B); ++p) {
      const int64_t from = RowBlockBegin(B, p);
      kernels.add_transposed(slopes->Panel(p) + begin * kBlockRows,
                             own + from * kBlockRows, kBlockRows, end - begin,
                             RowBlockBegin(B, p + 1) - from, block + from, B);
    }
    return;
  }
  for (int64_t a = begin; a < end; ++a) {
    T* const to = block + (a - begin) * B;
    ForPanels(a, slopes, [=](int64_t first, int64_t last, const T* from) {
      std::copy_n(from, last - first, to + first);
    });
    for (int64_t other = 0; other < set.anchor_count(); ++other) {
      to[set.anchors[other]] += *slopes->At(other, set.anchors[a]);
    }
  }
}

// gradient(a) = sum_j s(a, j) (rows_a - rows_j), s as SymmetriseSlopes has it.
template <typename T>
void PullAll(const RowSet<T>& set, PairSlopes<T>* slopes) {
  const int64_t B = set.B, D = set.D, anchors = set.anchor_count();
  const RowKernels<T>& kernels = BestRowKernels<T>();
  ForEachRowBlock(
      anchors, B * D, slopes->slots.size(),
      [&](int64_t s, int64_t begin, int64_t end) {
        std::vector<T>& memory = slopes->slots[s].block;
        memory.resize((anchors / RowBlocks(anchors) + 1) * B);
        T* const block = memory.data();
        T* const gradient = slopes->gradient.data() + begin * D;
        SymmetriseSlopes(set, begin, end, slopes, block);
        for (int64_t a = begin; a < end; ++a) {
          const T sum = kernels.sum(block + (a - begin) * B, B);
          const T* const row = set.rows.data() + set.anchors[a] * D;
          T* const to = gradient + (a - begin) * D;
          for (int64_t k = 0; k < D; ++k) to[k] = sum * row[k];
        }
        caffe_cpu_gemm(CblasNoTrans, CblasNoTrans,
                       static_cast<int>(end - begin), static_cast<int>(D),
                       static_cast<int>(B), T(-1), block, set.rows.data(),
                       T(1), gradient);
      });
}

// The edges seen from their other end: those to row r are from[first[r]] to
// from[first[r + 1]] - 1, in the order of the rows that they start at.
template <typename T>
struct TransposedEdges {
  std::vector<int64_t> first;
  std::vector<PairEdge<T>> from;
};

template <typename T>
TransposedEdges<T> TransposeEdges(const RowSet<T>& set,
                                  const PairSlopes<T>& slopes) {
  const int64_t B = set.B, anchors = set.anchor_count();
  TransposedEdges<T> transposed;
  transposed.first.assign(B + 1, 0);
  for (int64_t a = 0; a < anchors; ++a) {
    const PairEdge<T>* const edges = slopes.edges.data() + slopes.first[a];
    for (int32_t e = 0; e < slopes.count[a]; ++e) {
      ++transposed.first[edges[e].row + 1];
    }
  }
  for (int64_t r = 0; r < B; ++r) {
    transposed.first[r + 1] += transposed.first[r];
  }
  transposed.from.resize(transposed.first[B]);
  std::vector<int64_t> next(transposed.first.begin(),
                            transposed.first.end() - 1);
  for (int64_t a = 0; a < anchors; ++a) {
    const int32_t row = static_cast<int32_t>(EdgeRowOf(set, set.anchors[a]));
    const PairEdge<T>* const edges = slopes.edges.data() + slopes.first[a];
    for (int32_t e = 0; e < slopes.count[a]; ++e) {
      transposed.from[next[edges[e].row]++] =
          PairEdge<T>{row, edges[e].slope};
    }
  }
  return transposed;
}

// The gradient by x from that by x / |x|: what points along x is taken out.
template <typename T>
void Project(const T* x, T inverse, T scale, int64_t D, const T* gradient,
             T* dx) {
  T along = 0;
  for (int64_t k = 0; k < D; ++k) along += gradient[k] * x[k];
  along = along * inverse * inverse;  // inverse^2 may be too large
  for (int64_t k = 0; k < D; ++k) {
    dx[k] = scale * inverse * (gradient[k] - along * x[k]);
  }
}

}  // namespace

template <typename T>
void PairGradient(const RowSet<T>& set, const T* x, T scale,
                  PairSlopes<T>* slopes, T* dx) {
  const int64_t D = set.D, anchors = set.anchor_count();
  if (anchors == 0) return;
  const bool unit = set.cosine();
  if (set.distance == Distance::kSquaredL2) scale *= 2;
  TransposedEdges<T> transposed;
  const bool has_edges = !slopes->edges.empty();
  if (has_edges) transposed = TransposeEdges(set, *slopes);
  slopes->gradient.resize(anchors * D);
  if (slopes->dense) PullAll(set, slopes);
  const RowKernels<T>& kernels = BestRowKernels<T>();
  const int64_t edges = transposed.from.size();
  ParallelFor(anchors, (4 * edges / anchors + 4) * D,
              [&](int64_t begin, int64_t end) {
    const T* const rows = unit ? set.rows.data() : x;
    for (int64_t a = begin; a < end; ++a) {
      const int64_t i = set.anchors[a];
      T* const sum = slopes->gradient.data() + a * D;
      const int64_t at = EdgeRowOf(set, i);
      const T* const row = x + set.order[i] * D;
      T* const to = dx + (set.order[i] - set.bank) * D;
      if (!slopes->dense) std::fill_n(sum, D, T(0));
      if (has_edges) {
        kernels.pull(slopes->edges.data() + slopes->first[a],
                     slopes->count[a], rows, rows + at * D, D, sum);
        kernels.pull(transposed.from.data() + transposed.first[at],
                     transposed.first[at + 1] - transposed.first[at], rows,
                     rows + at * D, D, sum);
      }
      if (unit) {
        Project(row, set.inverses[i], scale, D, sum, to);
      } else {
        for (int64_t k = 0; k < D; ++k) to[k] = scale * sum[k];
      }
    }
  });
}

template void PairGradient<float>(const RowSet<float>&, const float*, float,
                                  PairSlopes<float>*, float*);
template void PairGradient<double>(const RowSet<double>&, const double*,
                                   double, PairSlopes<double>*, double*);

}  // namespace metric
}  // namespace caffe
