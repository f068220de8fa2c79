// Mining over all rows, tile by tile: some anchors meet their own people first,
// which gives the positives' distances, and then all rows, a piece at a time.
#include "caffe/mining/offline_mining.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "caffe/check.hpp"
#include "caffe/common.hpp"
#include "core/parallel.hpp"
#include "mining/semi_hard_search.hpp"
#include "pairwise/row_measure.hpp"

namespace caffe {
namespace metric {

namespace {

// An anchor's search. Rows are those of the RowSet.
struct AnchorSearch {
  std::vector<int32_t> positives;  // ascending
  std::vector<float> distances;    // of these
  std::vector<float> thresholds;
  SemiHardSearch<float> above;
  Found<float> nearest;   // negative: of kBatchHard
  Found<float> farthest;  // negative; of kBatchHard the positive
};

// The memory of a thread.
struct OfflineSlot {
  MeasureSlot<float> measure;
  std::vector<int32_t> ranks;
  std::vector<AnchorSearch> searches;
};

class OfflineMiner {
 public:
  OfflineMiner(const OfflineMiningOptions& options,
               const RowSet<float>& rows)
      : options_(options),
        rows_(rows),
        kernels_(BestRowKernels<float>()),
        measure_(rows),
        hard_(options.mining == Mining::kBatchHard) {}

  // The triplets of anchors [begin, end).
  void Mine(int64_t begin, int64_t end, OfflineSlot* slot,
            OfflineMining* mined) const {
    slot->searches.resize(options_.tile_anchors);
    for (int64_t i = begin; i < end; ++i) {
      ListPositives(i, &slot->searches[i - begin]);
    }
    const int64_t first = rows_.group[begin].begin;
    const int64_t last = rows_.group[end - 1].end;
    ForEachTile(begin, end, first, last, slot,
                [&](int64_t i, int64_t from, int64_t to, const float* d,
                    AnchorSearch* search) {
                  MeetPositives(i, from, to, d, search);
                });
    for (int64_t i = begin; i < end && !hard_; ++i) {
      AnchorSearch& search = slot->searches[i - begin];
      search.thresholds = search.distances;
      search.above.Start(search.distances.size(), &search.thresholds);
    }
    ForEachTile(begin, end, 0, rows_.B, slot,
                [&](int64_t i, int64_t from, int64_t to, const float* d,
                    AnchorSearch* search) {
                  MeetNegatives(i, from, to, d, &slot->ranks, search);
                });
    for (int64_t i = begin; i < end; ++i) {
      Finish(i, &slot->searches[i - begin], mined);
    }
  }

 private:
  bool IsAnchor(int64_t i) const {
    return rows_.group[i].end - rows_.group[i].begin > 1;
  }

  // All positives, or as many as are wanted, drawn from a generator of the
  // anchor's own.
  void ListPositives(int64_t i, AnchorSearch* search) const {
    const RowRange group = rows_.group[i];
    search->positives.clear();
    search->distances.clear();
    search->nearest = {std::numeric_limits<float>::infinity(), -1};
    search->farthest = {-1, -1};
    if (hard_) return;
    int64_t left = group.end - group.begin - 1;
    int64_t wanted =
        options_.positives > 0 ? std::min(options_.positives, left) : left;
    Rng rng(options_.seed, rows_.order[i]);
    for (int32_t p = group.begin; p < group.end && wanted > 0; ++p) {
      if (p == i) continue;
      if (wanted == left ||
          static_cast<int64_t>(rng.Below(left)) < wanted) {
        search->positives.push_back(p);
        --wanted;
      }
      --left;
    }
  }

  // Calls body(i, from, to, d, search) for each anchor i of [begin, end) and
  // each piece [from, to) of rows [first, last); d_0 is the distance of `from`.
  template <typename Body>
  void ForEachTile(int64_t begin, int64_t end, int64_t first, int64_t last,
                   OfflineSlot* slot, const Body& body) const {
    for (int64_t from = first; from < last; from += options_.tile_rows) {
      const int64_t to = std::min(last, from + options_.tile_rows);
      measure_.Multiply(begin, end, from, to, &slot->measure);
      for (int64_t i = begin; i < end; ++i) {
        if (!IsAnchor(i)) continue;
        float* const d = slot->measure.block.data() + (i - begin) * (to - from);
        measure_.Finish(i, from, to, d);
        body(i, from, to, d, &slot->searches[i - begin]);
      }
    }
  }

  void MeetPositives(int64_t i, int64_t from, int64_t to, const float* d,
                     AnchorSearch* search) const {
    const RowRange group = rows_.group[i];
    if (hard_) {
      for (const RowRange part :
           {RowRange{group.begin, static_cast<int32_t>(i)},
            RowRange{static_cast<int32_t>(i + 1), group.end}}) {
        Search(kernels_.farthest, d, part.begin, part.end, from, to,
               &search->farthest);
      }
      return;
    }
    const std::vector<int32_t>& positives = search->positives;
    while (search->distances.size() < positives.size()) {
      const int32_t p = positives[search->distances.size()];
      if (p >= to) break;
      search->distances.push_back(d[p - from]);
    }
  }

  void MeetNegatives(int64_t i, int64_t from, int64_t to, const float* d,
                     std::vector<int32_t>* ranks, AnchorSearch* search) const {
    const RowRange group = rows_.group[i];
    for (const RowRange part :
         {RowRange{0, group.begin},
          RowRange{group.end, static_cast<int32_t>(rows_.B)}}) {
      if (hard_) {
        Search(kernels_.nearest, d, part.begin, part.end, from, to,
               &search->nearest);
        continue;
      }
      Search(kernels_.farthest, d, part.begin, part.end, from, to,
             &search->farthest);
      const int64_t begin = std::max<int64_t>(part.begin, from);
      const int64_t end = std::min<int64_t>(part.end, to);
      if (begin < end) {
        search->above.Look(kernels_, d, begin - from, end - from, from, ranks);
      }
    }
  }

  // Searches what of rows [begin, end) lies in [from, to) for what is better
  // than *found; `search` is `nearest` or `farthest` of RowKernels.
  void Search(void (*search)(const float*, int64_t, int64_t, Found<float>*),
              const float* d, int64_t begin, int64_t end, int64_t from,
              int64_t to, Found<float>* found) const {
    begin = std::max(begin, from);
    end = std::min(end, to);
    if (begin >= end) return;
    Found<float> here{found->value, -1};
    search(d, begin - from, end - from, &here);
    if (here.at >= 0) *found = Found<float>{here.value, from + here.at};
  }

  void Finish(int64_t i, AnchorSearch* search, OfflineMining* mined) const {
    if (!IsAnchor(i)) return;
    ++mined->anchors;
    if (hard_) {
      Put(i, search->farthest, search->nearest, mined);
      return;
    }
    const std::vector<Found<float>> found = search->above.Finish();
    for (size_t q = 0; q < search->positives.size(); ++q) {
      const Found<float> positive{search->distances[q], search->positives[q]};
      Put(i, positive, found[q].at < 0 ? search->farthest : found[q], mined);
    }
  }

  void Put(int64_t i, Found<float> positive, Found<float> negative,
           OfflineMining* mined) const {
    if (options_.distance == Distance::kL2) {
      positive.value = std::sqrt(positive.value);
      negative.value = std::sqrt(negative.value);
    }
    const bool violates = static_cast<double>(positive.value) -
                              negative.value + options_.margin > 0;
    ++mined->mined;
    mined->violating += violates;
    if (options_.violating && !violates) return;
    mined->triplets.push_back({rows_.order[i], rows_.order[positive.at],
                               rows_.order[negative.at], positive.value,
                               negative.value});
  }

  const OfflineMiningOptions& options_;
  const RowSet<float>& rows_;
  const RowKernels<float>& kernels_;
  const RowMeasure<float> measure_;
  const bool hard_;
};

void CheckPeople(const RowSet<float>& rows) {
  const RowRange first = rows.group[0];
  INPUT_CHECK(first.end < rows.B)
      << "all " << rows.B << " embeddings are of one person; triplets take "
      << "two people";
  const bool pairs =
      std::any_of(rows.group.begin(), rows.group.end(),
                  [](RowRange g) { return g.end - g.begin > 1; });
  INPUT_CHECK(pairs) << "none of " << rows.B << " people has more than one "
                     << "embedding; triplets take a person with two";
}

// One after the other, in order; what has been moved is given back at once.
OfflineMining Join(std::vector<OfflineMining>* parts) {
  OfflineMining all;
  size_t size = 0;
  for (const OfflineMining& part : *parts) size += part.triplets.size();
  all.triplets.reserve(size);
  for (OfflineMining& part : *parts) {
    all.triplets.insert(all.triplets.end(), part.triplets.begin(),
                        part.triplets.end());
    all.anchors += part.anchors;
    all.mined += part.mined;
    all.violating += part.violating;
    part = OfflineMining();
  }
  return all;
}

}  // namespace

OfflineMining MineOffline(const OfflineMiningOptions& options, const float* x,
                          const float* labels, int64_t n, int64_t D) {
  CHECK(options.mining == Mining::kBatchHard ||
        options.mining == Mining::kSemiHard);
  CHECK(options.tile_anchors > 0 && options.tile_rows > 0);
  INPUT_CHECK(n > 0) << "there is no embedding to mine triplets from";
  RowSet<float> rows;
  PrepareLabelledRows(options.distance, x, labels, 0, n, D, &rows);
  CheckPeople(rows);
  const OfflineMiner miner(options, rows);
  const int64_t blocks = (n + options.tile_anchors - 1) / options.tile_anchors;
  std::vector<OfflineMining> parts(blocks);
  // Whoever is free takes the next block; its triplets have their place.
  std::atomic<int64_t> next{0};
  const int64_t workers = std::min<int64_t>(Caffe::threads(), blocks);
  ParallelFor(workers, n * n / workers * D, [&](int64_t, int64_t) {
    OfflineSlot slot;
    for (int64_t b = next++; b < blocks; b = next++) {
      const int64_t begin = b * options.tile_anchors;
      miner.Mine(begin, std::min(n, begin + options.tile_anchors), &slot,
                 &parts[b]);
    }
  });
  return Join(&parts);
}

}  // namespace metric
}  // namespace caffe
