// Blob: the array that layers pass on, data and diff (the gradient with
// respect to the data) of one shape.
//
// Storage is row-major: the last axis is contiguous; images are N x C x H x W.
// An axis may be named from the end with a negative index.
#ifndef CAFFE_BLOB_HPP_
#define CAFFE_BLOB_HPP_

#include <string>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/proto/caffe.pb.h"
#include "caffe/syncedmem.hpp"

namespace caffe {

// A blob has at most this many axes, and at most INT_MAX values.
constexpr int kMaxBlobAxes = 32;

// A shape as text: "64 3 112 112 (2408448)", the count in brackets.
string ShapeString(const vector<int>& shape);

template <typename Dtype>
class Blob {
 public:
  Blob() = default;
  explicit Blob(const vector<int>& shape) { Reshape(shape); }
  Blob(int num, int channels, int height, int width) {
    Reshape(num, channels, height, width);
  }

  // Changes the shape. Memory is taken anew only where it grows, so values
  // are undefined after a change of the count. Error kInput: an axis that is
  // negative, too many axes, more than INT_MAX values.
  void Reshape(const vector<int>& shape);
  void Reshape(int num, int channels, int height, int width);
  void Reshape(const BlobShape& shape);
  void ReshapeFlat(int64_t count);  // one axis
  void ReshapeLike(const Blob& other) { Reshape(other.shape()); }

  string shape_string() const { return ShapeString(shape_); }
  const vector<int>& shape() const { return shape_; }
  int shape(int index) const { return shape_[CanonicalAxisIndex(index)]; }
  int num_axes() const { return static_cast<int>(shape_.size()); }
  int count() const { return count_; }
  // The number of values of axes start ... end-1.
  int count(int start, int end) const;
  int count(int start) const { return count(start, num_axes()); }
  // An axis index from -num_axes() ... num_axes()-1 as one from 0; Error
  // kInput where it is outside of that.
  int CanonicalAxisIndex(int index) const;

  // The four axes of an image batch; 1 for an axis that is not there.
  int num() const { return LegacyShape(0); }
  int channels() const { return LegacyShape(1); }
  int height() const { return LegacyShape(2); }
  int width() const { return LegacyShape(3); }
  int LegacyShape(int index) const;

  int offset(int n, int c = 0, int h = 0, int w = 0) const;
  int offset(const vector<int>& indices) const;
  Dtype data_at(int n, int c, int h, int w) const {
    return cpu_data()[offset(n, c, h, w)];
  }
  Dtype diff_at(int n, int c, int h, int w) const {
    return cpu_diff()[offset(n, c, h, w)];
  }
  Dtype data_at(const vector<int>& index) const {
    return cpu_data()[offset(index)];
  }
  Dtype diff_at(const vector<int>& index) const {
    return cpu_diff()[offset(index)];
  }

  const shared_ptr<SyncedMemory>& data() const {
    CHECK(data_ != nullptr);
    return data_;
  }
  const shared_ptr<SyncedMemory>& diff() const {
    CHECK(diff_ != nullptr);
    return diff_;
  }
  const Dtype* cpu_data() const;
  const Dtype* gpu_data() const;
  const Dtype* cpu_diff() const;
  const Dtype* gpu_diff() const;
  Dtype* mutable_cpu_data();
  Dtype* mutable_gpu_data();
  Dtype* mutable_cpu_diff();
  Dtype* mutable_gpu_diff();
  void set_cpu_data(Dtype* data);
  void set_gpu_data(Dtype* data);

  // data -= diff.
  void Update();
  // Sums of absolute values and of squares, as double-accumulated sums.
  Dtype asum_data() const;
  Dtype asum_diff() const;
  Dtype sumsq_data() const;
  Dtype sumsq_diff() const;
  void scale_data(Dtype factor);
  void scale_diff(Dtype factor);

  // Uses the memory of another blob of the same count.
  void ShareData(const Blob& other);
  void ShareDiff(const Blob& other);

  // Copies data (or diff) of another blob; where the shapes differ, reshapes
  // first if told to, and is a broken contract otherwise.
  void CopyFrom(const Blob& source, bool copy_diff = false,
                bool reshape = false);
  // Reads a stored blob; Error kInput where its shape does not fit, or where
  // the number of values is not that of its shape.
  void FromProto(const BlobProto& proto, bool reshape = true);
  void ToProto(BlobProto* proto, bool write_diff = false) const;
  // Whether a stored blob has this shape, in new or in the old four-axis form
  // (leading axes of 1 allowed there).
  bool ShapeEquals(const BlobProto& other) const;

 private:
  shared_ptr<SyncedMemory> data_;
  shared_ptr<SyncedMemory> diff_;
  vector<int> shape_;
  int count_ = 0;
  size_t capacity_ = 0;

  DISABLE_COPY_AND_ASSIGN(Blob);
};

}  // namespace caffe

#endif  // CAFFE_BLOB_HPP_
