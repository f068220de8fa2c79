// A memory bank: embeddings of earlier batches with their labels, the oldest of
// which make room for new ones. It holds rows and hands them out; what a loss
// does with them is the loss's.
//
// Wang et al.: Cross-batch memory for embedding learning, arXiv 1912.06798.
#ifndef TERCET_LAYERS_MEMORY_BANK_HPP_
#define TERCET_LAYERS_MEMORY_BANK_HPP_

#include <memory>

#include "caffe/blob.hpp"
#include "caffe/proto/caffe.pb.h"

namespace caffe {

// One object is for one thread at a time. Its memory is on the device in GPU
// mode, where nothing is copied to the host.
template <typename Dtype>
class MemoryBank {
 public:
  // Of so many rows.
  explicit MemoryBank(int size) : size_(size) {}

  // Takes the memory for batches of B x D, where there is not enough. Rows of
  // another D than those held are given up.
  void Reshape(int B, int D);

  // The batch before becomes part of the bank, and this one (B x D, and B
  // labels) stands behind the bank's rows.
  void Append(const Blob<Dtype>& batch, const Blob<Dtype>& labels);
  // Forgets the batch that was appended last: one that its loss has refused.
  void Discard() { pending_ = 0; }
  // Rows in the bank, without the batch that was appended last.
  int held() const { return held_; }
  // The first held + B rows of D values, and as many labels: the bank's, then
  // the batch's.
  const Blob<Dtype>& rows() const { return *rows_; }
  const Blob<Dtype>& labels() const { return *labels_; }

  // All of it, to and from a state. Load throws Error(kInput) where the state's
  // bank is larger than this one, or damaged.
  void Save(LayerState* state) const;
  void Load(const LayerState& state);

 private:
  // Copies rows and labels inside of the memory.
  void Move(int from, int to, int count);
  // The last batch becomes part of the bank.
  void KeepBatch();

  const int size_;
  int D_ = 0;
  int held_ = 0;
  int pending_ = 0;  // rows of the last batch, behind those held
  int next_ = 0;     // of a full bank: the oldest row
  std::unique_ptr<Blob<Dtype>> rows_, labels_;
};

}  // namespace caffe

#endif  // TERCET_LAYERS_MEMORY_BANK_HPP_
