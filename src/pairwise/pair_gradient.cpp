// The gradient of a mined batch: each pair pulls its two rows together, or
// apart, by its slope. Few pairs are followed one by one, all pairs together
// are one matrix product.
#include <algorithm>
#include <vector>

#include "caffe/util/math_functions.hpp"
#include "mining/mining_internal.hpp"

namespace caffe {
namespace metric {

namespace {

// The row by which edges name row i of the batch.
template <typename T>
int64_t EdgeRowOf(bool unit, const MiningBatch<T>& batch, int64_t i) {
  return unit ? i : batch.order[i];
}

// block(a - begin, j) = slopes of the pairs of anchor a with row j: those where
// a is the anchor, and where j is one.
template <typename T>
void GatherSlopes(MiningBatch<T>* batch, int64_t begin, int64_t end,
                  T* block) {
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  const int64_t B = batch->B;
  if (batch->bank == 0) {
    const T* const own = MiningPanel(batch, MiningBlockOf(B, begin));
    for (int64_t p = 0; p < MiningBlocks(B); ++p) {
      const int64_t from = MiningBlockBegin(B, p);
      kernels.add_transposed(MiningPanel(batch, p) + begin * kBlockRows,
                             own + from * kBlockRows, kBlockRows, end - begin,
                             MiningBlockBegin(B, p + 1) - from, block + from,
                             B);
    }
    return;
  }
  for (int64_t a = begin; a < end; ++a) {
    T* const to = block + (a - begin) * B;
    for (int64_t p = 0; p < MiningBlocks(B); ++p) {
      const int64_t from = MiningBlockBegin(B, p);
      std::copy_n(MiningPanel(batch, p) + a * kBlockRows,
                  MiningBlockBegin(B, p + 1) - from, to + from);
    }
    for (int64_t other = 0; other < AnchorCount(*batch); ++other) {
      to[batch->anchors[other]] +=
          *MiningSlope(batch, other, batch->anchors[a]);
    }
  }
}

// gradient(a) = sum_j s(a, j) (rows_a - rows_j), s as GatherSlopes has it.
template <typename T>
void PullAll(MiningBatch<T>* batch) {
  const int64_t B = batch->B, D = batch->D, anchors = AnchorCount(*batch);
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  ForEachMiningBlock(
      batch, B * D, [&](MiningSlot<T>* slot, int64_t begin, int64_t end) {
        slot->block.resize((anchors / MiningBlocks(anchors) + 1) * B);
        T* const block = slot->block.data();
        T* const gradient = batch->gradient.data() + begin * D;
        GatherSlopes(batch, begin, end, block);
        for (int64_t a = begin; a < end; ++a) {
          const T sum = kernels.sum(block + (a - begin) * B, B);
          const T* const row = batch->rows.data() + batch->anchors[a] * D;
          T* const to = gradient + (a - begin) * D;
          for (int64_t k = 0; k < D; ++k) to[k] = sum * row[k];
        }
        caffe_cpu_gemm(CblasNoTrans, CblasNoTrans,
                       static_cast<int>(end - begin), static_cast<int>(D),
                       static_cast<int>(B), T(-1), block, batch->rows.data(),
                       T(1), gradient);
      });
}

// The edges seen from their other end: those to row r are from[first[r]] to
// from[first[r + 1]] - 1, in the order of the rows that they start at.
template <typename T>
struct TurnedEdges {
  std::vector<int64_t> first;
  std::vector<MiningEdge<T>> from;
};

template <typename T>
TurnedEdges<T> TurnEdges(bool unit, const MiningBatch<T>& batch) {
  const int64_t B = batch.B, anchors = AnchorCount(batch);
  TurnedEdges<T> turned;
  turned.first.assign(B + 1, 0);
  for (int64_t a = 0; a < anchors; ++a) {
    const MiningEdge<T>* const edges = batch.edges.data() + batch.first[a];
    for (int32_t e = 0; e < batch.count[a]; ++e) {
      ++turned.first[edges[e].row + 1];
    }
  }
  for (int64_t r = 0; r < B; ++r) turned.first[r + 1] += turned.first[r];
  turned.from.resize(turned.first[B]);
  std::vector<int64_t> next(turned.first.begin(), turned.first.end() - 1);
  for (int64_t a = 0; a < anchors; ++a) {
    const int32_t row =
        static_cast<int32_t>(EdgeRowOf(unit, batch, batch.anchors[a]));
    const MiningEdge<T>* const edges = batch.edges.data() + batch.first[a];
    for (int32_t e = 0; e < batch.count[a]; ++e) {
      turned.from[next[edges[e].row]++] = MiningEdge<T>{row, edges[e].slope};
    }
  }
  return turned;
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
void MiningBackward(const MiningOptions& options, const T* x, T scale,
                    MiningBatch<T>* batch, T* dx) {
  const int64_t D = batch->D, anchors = AnchorCount(*batch);
  if (anchors == 0) return;
  const bool unit = options.distance == Distance::kCosine;
  if (options.distance == Distance::kSquaredL2) scale *= 2;
  TurnedEdges<T> turned;
  const bool has_edges = !batch->edges.empty();
  if (has_edges) turned = TurnEdges(unit, *batch);
  batch->gradient.resize(anchors * D);
  if (batch->dense) PullAll(batch);
  const MiningKernels<T>& kernels = BestMiningKernels<T>();
  const int64_t edges = turned.from.size();
  ParallelFor(anchors, (4 * edges / anchors + 4) * D,
              [&](int64_t begin, int64_t end) {
    const T* const rows = unit ? batch->rows.data() : x;
    for (int64_t a = begin; a < end; ++a) {
      const int64_t i = batch->anchors[a];
      T* const sum = batch->gradient.data() + a * D;
      const int64_t at = EdgeRowOf(unit, *batch, i);
      const T* const row = x + batch->order[i] * D;
      T* const to = dx + (batch->order[i] - batch->bank) * D;
      if (!batch->dense) std::fill_n(sum, D, T(0));
      if (has_edges) {
        kernels.pull(batch->edges.data() + batch->first[a], batch->count[a],
                     rows, rows + at * D, D, sum);
        kernels.pull(turned.from.data() + turned.first[at],
                     turned.first[at + 1] - turned.first[at], rows,
                     rows + at * D, D, sum);
      }
      if (unit) {
        Project(row, batch->inverses[i], scale, D, sum, to);
      } else {
        for (int64_t k = 0; k < D; ++k) to[k] = scale * sum[k];
      }
    }
  });
}

template void MiningBackward<float>(const MiningOptions&, const float*, float,
                                    MiningBatch<float>*, float*);
template void MiningBackward<double>(const MiningOptions&, const double*,
                                     double, MiningBatch<double>*, double*);

}  // namespace metric
}  // namespace caffe
