// The moving means of people, and their nearest neighbours, which are found
// by the distances of one block of means after another to all.

#include "caffe/sampling/class_means.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "caffe/check.hpp"
#include "pairwise/row_measure.hpp"

namespace caffe {
namespace metric {

ClassMeans::ClassMeans(int64_t people, double rate)
    : rate_(rate), known_(people, 0) {
  CHECK(rate > 0 && rate <= 1);
}

template <typename T>
void ClassMeans::Add(const T* rows, const int* person, int64_t N, int64_t D) {
  for (int64_t i = 0; i < N * D; ++i) {
    INPUT_CHECK(std::isfinite(rows[i]))
        << "row " << i / D << " of the embeddings holds " << rows[i]
        << " (coordinate " << i % D << "), but must be finite";
  }
  if (size_ == 0) {
    size_ = D;
    means_.assign(people() * D, 0);
  }
  CHECK_EQ(D, size_);
  std::map<int, std::vector<int64_t>> rows_of;
  for (int64_t i = 0; i < N; ++i) rows_of[person[i]].push_back(i);
  for (const auto& one : rows_of) {
    float* const mean = &means_[one.first * D];
    char* const known = &known_[one.first];
    const double rate = *known ? rate_ : 1;
    for (int64_t k = 0; k < D; ++k) {
      double sum = 0;
      for (const int64_t i : one.second) sum += rows[i * D + k];
      mean[k] = static_cast<float>((1 - rate) * mean[k] +
                                   rate * sum / one.second.size());
    }
    *known = 1;
  }
}

namespace {

// The `width` least of d, in order, but d_self; of equal ones the first.
void LeastOf(const float* d, int64_t n, int64_t self, int width,
             std::vector<int32_t>* places) {
  const auto before = [d](int32_t a, int32_t b) {
    return d[a] != d[b] ? d[a] < d[b] : a < b;
  };
  places->clear();
  for (int32_t j = 0; j < n; ++j) {
    if (j == self) continue;
    const bool full = static_cast<int>(places->size()) == width;
    if (full && !before(j, places->back())) continue;
    if (full) places->pop_back();
    places->insert(
        std::upper_bound(places->begin(), places->end(), j, before), j);
  }
}

}  // namespace

std::vector<int32_t> ClassMeans::Nearest(int width) const {
  std::vector<int32_t> nearest(people() * width, -1);
  std::vector<int32_t> who;
  std::vector<float> rows;
  for (int64_t i = 0; i < people(); ++i) {
    if (!known_[i]) continue;
    who.push_back(static_cast<int32_t>(i));
    rows.insert(rows.end(), &means_[i * size_], &means_[i * size_] + size_);
  }
  const int64_t n = who.size();
  if (n == 0 || width == 0) return nearest;
  RowSet<float> means;
  PrepareRows(Distance::kSquaredL2, rows.data(), n, size_, &means);
  const RowMeasure<float> measure(means);
  std::vector<MeasureSlot<float>> slots(RowSlots(n));
  ForEachRowBlock(
      n, n * size_, slots.size(), [&](int64_t s, int64_t begin, int64_t end) {
        std::vector<int32_t> places;
        measure.Multiply(begin, end, 0, n, &slots[s]);
        for (int64_t i = begin; i < end; ++i) {
          float* const d = slots[s].block.data() + (i - begin) * n;
          measure.Finish(i, 0, n, d);
          LeastOf(d, n, i, width, &places);
          int32_t* to = &nearest[int64_t{who[i]} * width];
          for (const int32_t place : places) *to++ = who[place];
        }
      });
  return nearest;
}

std::string ClassMeans::Save() const {
  std::string bytes(sizeof(size_), '\0');
  std::memcpy(&bytes[0], &size_, sizeof(size_));
  bytes.append(known_.begin(), known_.end());
  bytes.append(reinterpret_cast<const char*>(means_.data()),
               means_.size() * sizeof(float));
  return bytes;
}

void ClassMeans::Restore(const std::string& bytes) {
  int64_t size = -1;
  const size_t head = sizeof(size) + known_.size();
  if (bytes.size() >= head) std::memcpy(&size, bytes.data(), sizeof(size));
  const size_t count = (bytes.size() - head) / sizeof(float);
  INPUT_CHECK(size >= 0 && bytes.size() == head + count * sizeof(float) &&
              (size == 0 ? count == 0
                         : count % size == 0 &&
                               count / size == known_.size()))
      << "the saved means of people are not of " << people() << " people";
  size_ = size;
  std::copy_n(bytes.data() + sizeof(size), known_.size(), known_.begin());
  means_.resize(count);
  // An empty vector's data may be null, which memcpy is not to be given.
  if (count > 0) {
    std::memcpy(means_.data(), bytes.data() + head, count * sizeof(float));
  }
}

template void ClassMeans::Add<float>(const float*, const int*, int64_t,
                                     int64_t);
template void ClassMeans::Add<double>(const double*, const int*, int64_t,
                                      int64_t);

}  // namespace metric
}  // namespace caffe
