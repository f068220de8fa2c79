// From a list of image files to batches in memory: decodes, resizes and
// transforms on worker threads. Which images a batch holds is told by the
// owner (who asks a sampler); what a batch is used for is the layer's.
#ifndef TERCET_DATA_IMAGE_BATCHES_HPP_
#define TERCET_DATA_IMAGE_BATCHES_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "caffe/blob.hpp"
#include "caffe/common.hpp"
#include "data/device_feed.hpp"
#include "data/prefetcher.hpp"
#include "data/transformer.hpp"
#include "caffe/proto/caffe.pb.h"
#include "data/image.hpp"

namespace caffe {

// Reads image files by their place in a list, with the channels of the first
// one (or those asked for), resized where asked. Keeps what it has decoded
// while that is under kCacheBytes in all. Safe from any thread.
class ImageLoader {
 public:
  struct Options {
    int new_height = 0, new_width = 0;  // 0: as the files are
    int channels = 0;                   // 1, 3, or 0: as the first image has
    // Whether images that are not resized may have different sizes.
    bool any_size = false;
    int64_t max_pixels = kMaxImagePixels;
  };
  static constexpr int64_t kCacheBytes = int64_t{512} << 20;

  // Decodes the first image. Error(kInput): it is broken; or only one of
  // new_height and new_width is set.
  ImageLoader(const vector<string>& paths, const Options& options);

  // Error(kInput), naming the file: it is broken or of another size.
  shared_ptr<const Image> Load(size_t index);

  size_t size() const { return paths_.size(); }
  const string& path(size_t index) const { return paths_[index]; }

 private:
  shared_ptr<const Image> Decode(size_t index) const;

  const vector<string> paths_;
  Options options_;
  int first_height_ = 0, first_width_ = 0;
  std::mutex mutex_;  // guards the two below
  vector<shared_ptr<const Image>> cache_;
  int64_t cached_bytes_ = 0;
};

template <typename Dtype>
class ImageBatches {
 public:
  // One image of a batch: its place in the list, and its label.
  struct Draw {
    size_t image;
    int label;
  };
  // What batch `number` holds, always `items` of them. Never called twice at
  // a time.
  typedef std::function<vector<Draw>(uint64_t number)> Drawer;

  // items: images a batch. depth: batches kept ready.
  ImageBatches(const vector<string>& paths, const ImageLoader::Options& load,
               const TransformationParameter& transform, Phase phase,
               int items, int threads, int depth);

  // items, C, H, W.
  const vector<int>& shape() const { return shape_; }

  // Goes on from batch `cursor` under a seed, which crop and mirror depend on
  // together with the batch's number. Nothing is decoded before Next.
  void Start(Drawer draw, uint64_t seed, uint64_t cursor);
  // Batch `end` and those after it are not drawn before this is called again:
  // for a drawer that does not know them yet. Start allows all. Next must not
  // be called for a batch that is not allowed.
  void Allow(uint64_t end);

  // Hands the next batch over in the tops: images, items x C x H x W, and
  // where there is a second top their labels, items. Throws what decoding it
  // threw.
  void Next(const vector<Blob<Dtype>*>& top);
#ifdef TERCET_CUDA
  // The same on the GPU, whose memory is filled ahead. The tops point to
  // memory of this object, which changes with the next call but one.
  void NextOnDevice(const vector<Blob<Dtype>*>& top);
#endif

  // The number of the batch that Next returns next: how many were consumed.
  uint64_t cursor() const { return cursor_; }
  uint64_t seed() const { return seed_; }
  // The labels of the batch that Next returned last, `items` of them. Good
  // until Next is called again.
  const Dtype* labels() const { return labels_.data(); }

 private:
  // The images, and behind them the labels: one copy takes both.
  typedef FeedBuffer<Dtype> Batch;

  const Batch& NextBatch();
  void MakeBatch(uint64_t number, Batch* batch);
  size_t ImageCount() const;
#ifdef TERCET_CUDA
  void SendNext();
#endif

  ImageLoader loader_;
  const DataTransformer<Dtype> transformer_;
  const int items_, threads_, depth_;
  vector<int> shape_;
  std::mutex draw_mutex_;
  Drawer draw_;
  uint64_t seed_ = 0;
  uint64_t cursor_ = 0;
  uint64_t end_ = UINT64_MAX;  // the first batch that is not allowed
  bool pinned_ = false;
  const Batch* ahead_ = nullptr;  // the one under way to the device
  // Labels of the batch that the net has, and of the one under way.
  vector<Dtype> labels_;
#ifdef TERCET_CUDA
  vector<Dtype> sent_labels_;
#endif
  // The last members: the threads end before what they use is gone, and the
  // feed before the batch that it copies from.
  std::unique_ptr<Prefetcher<Batch>> prefetcher_;
#ifdef TERCET_CUDA
  std::unique_ptr<DeviceFeed<Dtype>> feed_;
#endif
};

}  // namespace caffe

#endif  // TERCET_DATA_IMAGE_BATCHES_HPP_
