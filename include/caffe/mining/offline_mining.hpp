// Mining over a whole set of embeddings: a list of triplets of rows, to be
// trained on later. Embedding images and writing lists is left to
// `tercet mine_triplets`.
//
// x is n x D, labels has n values, as for mining.hpp: rows with equal labels
// are of one person, and any finite numbers will do. Each row whose person has
// another one is an anchor a; its positives p are the other rows of its
// person, its negatives n the rows of all others. One triplet is written
//
//   kBatchHard  for each anchor: the farthest positive, the nearest negative
//   kSemiHard   for each pair (a, p): the nearest of the negatives that are
//               farther than p; where none is, the farthest negative
//
// as in a batch of all rows. Equal distances, as they were computed: the row
// that comes first wins, in the order of the people's first rows, then of rows.
// In this order the triplets come, by anchor and then by positive.
//
// Distances are those of mining.hpp, from products of centred rows, and from
// differences where these have lost their digits. They are made a tile at a
// time, of some anchors and some rows, so that all n^2 never stand anywhere.
// With K rows a person and A of its positives in use (kSemiHard; else 1), time
// is O(n^2 (D + min(A, 64))). Memory: a copy of x, 40 bytes a row, 20 (at times
// 40) a triplet, and a thread takes a tile of 512 KiB and 128 x 40 A bytes.
#ifndef CAFFE_MINING_OFFLINE_MINING_HPP_
#define CAFFE_MINING_OFFLINE_MINING_HPP_

#include <cstdint>
#include <vector>

#include "caffe/mining/mining.hpp"

namespace caffe {
namespace metric {

struct OfflineMiningOptions {
  Mining mining = Mining::kSemiHard;             // or kBatchHard
  Distance distance = Distance::kSquaredL2;      // not kL1
  double margin = 0.2;
  bool violating = false;  // leave out the triplets that keep the margin
  // kSemiHard: an anchor with more positives than this takes so many of them,
  // drawn evenly by `seed`. 0: all of them.
  int64_t positives = 0;
  uint64_t seed = 1;
  // The size of a tile. Triplets do not depend on it, but for rounding.
  int64_t tile_anchors = 128;
  int64_t tile_rows = 1024;
};

// Rows of x and two distances, unsquared for kL2.
struct OfflineTriplet {
  int32_t anchor;
  int32_t positive;
  int32_t negative;
  float positive_distance;
  float negative_distance;
};

struct OfflineMining {
  std::vector<OfflineTriplet> triplets;
  int64_t anchors = 0;    // rows that are one
  int64_t mined = 0;      // triplets, with those left out
  int64_t violating = 0;  // of these, with d(a, p) - d(a, n) + margin > 0
};

// Uses all threads; the bits do not depend on how many there are. Error(kInput)
// where an embedding or a label is not finite, which names the row, where all
// rows are of one person, or where no person has two.
OfflineMining MineOffline(const OfflineMiningOptions& options, const float* x,
                          const float* labels, int64_t n, int64_t D);

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_MINING_OFFLINE_MINING_HPP_
