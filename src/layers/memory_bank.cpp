// The memory bank: a ring of rows, behind which the last batch stands until the
// next one comes.
#include "layers/memory_bank.hpp"

#include <algorithm>

#include "caffe/common.hpp"
#include "caffe/util/math_functions.hpp"

namespace caffe {

namespace {

template <typename Dtype>
Dtype* Mutable(Blob<Dtype>* blob) {
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) return blob->mutable_gpu_data();
#endif
  return blob->mutable_cpu_data();
}

template <typename Dtype>
const Dtype* Readable(const Blob<Dtype>& blob) {
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) return blob.gpu_data();
#endif
  return blob.cpu_data();
}

}  // namespace

template <typename Dtype>
void MemoryBank<Dtype>::Reshape(int B, int D) {
  if (D != D_) held_ = pending_ = next_ = 0;
  D_ = D;
  if (rows_ != nullptr && rows_->shape(0) >= size_ + B &&
      rows_->shape(1) == D) {
    return;
  }
  std::unique_ptr<Blob<Dtype>> rows(new Blob<Dtype>({size_ + B, D}));
  std::unique_ptr<Blob<Dtype>> labels(new Blob<Dtype>({size_ + B}));
  const int count = held_ + pending_;
  if (count > 0) {
    caffe_copy(count * D, Readable(*rows_), Mutable(rows.get()));
    caffe_copy(count, Readable(*labels_), Mutable(labels.get()));
  }
  rows_.swap(rows);
  labels_.swap(labels);
}

template <typename Dtype>
void MemoryBank<Dtype>::Move(int from, int to, int count) {
  Dtype* const rows = Mutable(rows_.get());
  Dtype* const labels = Mutable(labels_.get());
  caffe_copy(count * D_, rows + from * D_, rows + to * D_);
  caffe_copy(count, labels + from, labels + to);
}

// While there is room the batch stands where it has to be. After that it takes
// the place of the oldest rows.
template <typename Dtype>
void MemoryBank<Dtype>::KeepBatch() {
  const int fits = std::min(pending_, size_ - held_);
  held_ += fits;
  int left = std::min(pending_ - fits, size_);
  for (int from = held_ + pending_ - fits - left; left > 0;) {
    const int count = std::min(left, size_ - next_);
    Move(from, next_, count);
    next_ = (next_ + count) % size_;
    from += count;
    left -= count;
  }
  pending_ = 0;
}

template <typename Dtype>
void MemoryBank<Dtype>::Append(const Blob<Dtype>& batch,
                               const Blob<Dtype>& labels) {
  KeepBatch();
  CHECK_LE(held_ + labels.count(), rows_->shape(0));
  pending_ = labels.count();
  caffe_copy(batch.count(), Readable(batch),
             Mutable(rows_.get()) + held_ * D_);
  caffe_copy(pending_, Readable(labels), Mutable(labels_.get()) + held_);
}

template <typename Dtype>
void MemoryBank<Dtype>::Save(LayerState* state) const {
  const int count = held_ + pending_;
  Blob<Dtype> rows({count, D_}), labels({count});
  if (count > 0) {
    std::copy_n(rows_->cpu_data(), count * D_, rows.mutable_cpu_data());
    std::copy_n(labels_->cpu_data(), count, labels.mutable_cpu_data());
  }
  rows.ToProto(state->mutable_bank_rows());
  labels.ToProto(state->mutable_bank_labels());
  state->set_bank_pending(pending_);
  state->set_bank_next(next_);
}

template <typename Dtype>
void MemoryBank<Dtype>::Load(const LayerState& state) {
  Blob<Dtype> rows, labels;
  if (state.has_bank_rows()) {
    rows.FromProto(state.bank_rows());
    labels.FromProto(state.bank_labels());
  } else {
    rows.Reshape(vector<int>{0, D_});
    labels.Reshape(vector<int>{0});
  }
  const int count = labels.count();
  INPUT_CHECK(rows.num_axes() == 2 && rows.shape(0) == count &&
              state.bank_pending() <= static_cast<uint32_t>(count))
      << "the saved state's memory bank is damaged";
  const int pending = static_cast<int>(state.bank_pending());
  INPUT_CHECK(count - pending <= size_)
      << "the saved state's memory bank holds " << count - pending
      << " rows, more than size, " << size_;
  held_ = pending_ = 0;
  Reshape(pending, rows.shape(1));
  std::copy_n(rows.cpu_data(), rows.count(), rows_->mutable_cpu_data());
  std::copy_n(labels.cpu_data(), count, labels_->mutable_cpu_data());
  held_ = count - pending;
  pending_ = pending;
  // A bank that has grown is filled up first.
  const int next = static_cast<int>(state.bank_next());
  next_ = held_ == size_ && next < size_ ? next : 0;
}

template class MemoryBank<float>;
template class MemoryBank<double>;

}  // namespace caffe
