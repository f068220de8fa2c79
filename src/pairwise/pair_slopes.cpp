// The slopes of pairs on the CPU: their memory, and how they are written.
#include "pairwise/pair_slopes.hpp"

#include <algorithm>

namespace caffe {
namespace metric {

namespace {

template <typename T>
void SetShape(const RowSet<T>& set, PairSlopes<T>* slopes) {
  slopes->B = set.B;
  slopes->anchors = set.anchor_count();
  slopes->first.resize(slopes->anchors);
  slopes->count.assign(slopes->anchors, 0);
  slopes->slots.resize(RowSlots(slopes->anchors));
}

template <typename T>
bool IsNear(const Anchor<T>& anchor, int64_t j, T d) {
  const std::vector<T>& squares = anchor.set->squares;
  return anchor.set->distance == Distance::kL2 &&
         d * d < kNearShare<T> * (squares[anchor.i] + squares[j]);
}

// The row by which an edge names row j of the set.
template <typename T>
int32_t EdgeRow(const RowSet<T>& set, int64_t j) {
  return set.cosine() ? static_cast<int32_t>(j) : set.order[j];
}

}  // namespace

template <typename T>
void TakeAllSlopes(const RowSet<T>& set, PairSlopes<T>* slopes) {
  SetShape(set, slopes);
  slopes->dense = true;
  const size_t size = RowBlocks(set.B) * kBlockRows * slopes->anchors;
  if (slopes->panels.size() < size) slopes->panels.resize(size);
  slopes->near.assign(
      set.distance == Distance::kL2 ? slopes->anchors : 0, {});
  slopes->edges.clear();
}

template <typename T>
void TakeSlopes(const RowSet<T>& set, int64_t most, PairSlopes<T>* slopes) {
  constexpr int64_t kFewEdges = 8;  // edges cost about this more than slopes
  SetShape(set, slopes);
  int64_t edges = 0;
  for (int64_t a = 0; a < slopes->anchors; ++a) {
    slopes->first[a] = edges;
    const RowRange group = set.group[set.anchors[a]];
    const int64_t positives = group.end - group.begin - 1;
    if (positives < set.B - 1) edges += 2 * std::min(positives, most);
  }
  if (kFewEdges * edges > slopes->anchors * set.B) {
    TakeAllSlopes(set, slopes);
    return;
  }
  slopes->dense = false;
  slopes->edges.resize(edges);
}

template <typename T>
void ClearSlopes(int64_t a, PairSlopes<T>* slopes) {
  ForPanels(a, slopes, [](int64_t begin, int64_t end, T* to) {
    std::fill_n(to, end - begin, T(0));
  });
}

template <typename T>
void AddSlope(const Anchor<T>& anchor, int64_t j, T slope, T d,
              PairSlopes<T>* slopes) {
  const int64_t a = anchor.a;
  const T value = SlopeOfDifference(anchor.set->distance, slope, d);
  if (!slopes->dense) {
    slopes->edges[slopes->first[a] + slopes->count[a]++] =
        PairEdge<T>{EdgeRow(*anchor.set, j), value};
  } else if (IsNear(anchor, j, d)) {
    slopes->near[a].push_back(PairEdge<T>{EdgeRow(*anchor.set, j), value});
  } else {
    *slopes->At(a, j) += value;
  }
}

template <typename T>
void WriteSlopes(const Anchor<T>& anchor, const T* weights,
                 PairSlopes<T>* slopes) {
  const T* const w = weights;
  const RowRange group = anchor.group;
  if (anchor.set->distance != Distance::kL2) {
    ForPanels(anchor.a, slopes, [=](int64_t begin, int64_t end, T* to) {
      for (int64_t j = begin; j < end; ++j) to[j - begin] = -w[j];
    });
    for (int64_t p = group.begin; p < group.end; ++p) {
      *slopes->At(anchor.a, p) = w[p];
    }
    return;
  }
  ClearSlopes(anchor.a, slopes);
  for (int64_t j = 0; j < anchor.set->B; ++j) {
    if (w[j] == 0) continue;
    AddSlope(anchor, j, j >= group.begin && j < group.end ? w[j] : -w[j],
             anchor.d[j], slopes);
  }
}

template <typename T>
void CollectNear(PairSlopes<T>* slopes) {
  if (!slopes->dense) return;
  for (size_t a = 0; a < slopes->near.size(); ++a) {
    slopes->first[a] = slopes->edges.size();
    slopes->count[a] = static_cast<int32_t>(slopes->near[a].size());
    slopes->edges.insert(slopes->edges.end(), slopes->near[a].begin(),
                         slopes->near[a].end());
  }
}

#define INSTANTIATE_PAIR_SLOPES(T)                                           \
  template void TakeAllSlopes<T>(const RowSet<T>&, PairSlopes<T>*);          \
  template void TakeSlopes<T>(const RowSet<T>&, int64_t, PairSlopes<T>*);    \
  template void ClearSlopes<T>(int64_t, PairSlopes<T>*);                     \
  template void AddSlope<T>(const Anchor<T>&, int64_t, T, T, PairSlopes<T>*); \
  template void WriteSlopes<T>(const Anchor<T>&, const T*, PairSlopes<T>*);  \
  template void CollectNear<T>(PairSlopes<T>*)
INSTANTIATE_PAIR_SLOPES(float);
INSTANTIATE_PAIR_SLOPES(double);

}  // namespace metric
}  // namespace caffe
