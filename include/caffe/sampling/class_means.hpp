// Where each person's embeddings lie on average while a net learns, and who
// lies near whom. Which batches are made of it is sampler.hpp's.
//
// The mean of a person is a moving one. With x the mean of his rows in a batch,
//
//   m = x at first, then  m = (1 - rate) m + rate x ,
//
// so that what is old fades as the net changes. Nothing here is random, and all
// sums have a fixed order.
#ifndef TERCET_SAMPLING_CLASS_MEANS_HPP_
#define TERCET_SAMPLING_CLASS_MEANS_HPP_

#include <cstdint>
#include <string>
#include <vector>

namespace caffe {
namespace metric {

class ClassMeans {
 public:
  // Of `people` people; rate in (0, 1].
  ClassMeans(int64_t people, double rate);

  // A batch: row i of rows, N x D, is of person[i], 0 to people - 1. D is that
  // of the first batch. Error(kInput), with nothing changed, where a row is not
  // finite; the message names the row.
  template <typename T>
  void Add(const T* rows, const int* person, int64_t N, int64_t D);

  // The `width` nearest others of each person that are known, by the squared
  // distance of their means, nearest first; people x width, filled up with -1.
  // All -1 for who is not known himself. Of equal distances the first person
  // counts. O(n^2 D) for n known people, on all threads; memory n D and 128 n a
  // thread.
  std::vector<int32_t> Nearest(int width) const;

  int64_t people() const { return static_cast<int64_t>(known_.size()); }
  int64_t size() const { return size_; }  // D, or 0 before any batch
  // people x D; zeros for who is not known.
  const std::vector<float>& means() const { return means_; }
  bool IsKnown(int64_t person) const { return known_[person] != 0; }

  // All of it as bytes, for a snapshot: D as 8 bytes, a byte for each person, 1
  // where known, then the means, in float; little-endian. Restore throws
  // Error(kInput), with nothing changed, for what Save has not made of as many
  // people.
  std::string Save() const;
  void Restore(const std::string& bytes);

 private:
  const double rate_;
  int64_t size_ = 0;
  std::vector<char> known_;
  std::vector<float> means_;
};

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_SAMPLING_CLASS_MEANS_HPP_
