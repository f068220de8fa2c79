// Decoding, caching and transforming images into batches, as said in the
// header.

#include "data/image_batches.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "data/image_survey.hpp"

namespace caffe {

ImageLoader::ImageLoader(const vector<string>& paths, const Options& options)
    : paths_(paths), options_(options), cache_(paths.size()) {
  INPUT_CHECK((options.new_height > 0) == (options.new_width > 0))
      << "new_height is " << options.new_height << " and new_width "
      << options.new_width << "; wanted both or none";
  INPUT_CHECK(options.new_height == 0 ||
              options.new_width <= kMaxImagePixels / options.new_height)
      << "new_height x new_width is " << options.new_height << " x "
      << options.new_width << "; at most " << kMaxImagePixels << " pixels";
  CHECK(!paths.empty());
  const shared_ptr<const Image> first = Load(0);
  options_.channels = first->channels;
  first_height_ = first->height;
  first_width_ = first->width;
}

shared_ptr<const Image> ImageLoader::Load(size_t index) {
  CHECK_LT(index, paths_.size());
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (cache_[index] != nullptr) return cache_[index];
  }
  const shared_ptr<const Image> image = Decode(index);
  const int64_t bytes = image->pixels.size();
  std::lock_guard<std::mutex> lock(mutex_);
  if (cache_[index] == nullptr && cached_bytes_ + bytes <= kCacheBytes) {
    cache_[index] = image;
    cached_bytes_ += bytes;
  }
  return image;
}

shared_ptr<const Image> ImageLoader::Decode(size_t index) const {
  Image image;
  try {
    image = ReadImage(paths_[index], options_.max_pixels);
  } catch (const Error& error) {
    throw WithWayOn(error, "; broken: SKIP leaves them out");
  }
  if (options_.channels > 0 && image.channels != options_.channels) {
    image = ConvertChannels(image, options_.channels);
  }
  if (options_.new_height > 0) {
    image = ResizeImage(image, options_.new_height, options_.new_width);
  } else if (first_height_ > 0 && !options_.any_size) {
    INPUT_CHECK(image.height == first_height_ && image.width == first_width_)
        << paths_[index] << ": image is of " << image.height << " x "
        << image.width << " (height, width), the first one, " << paths_[0]
        << ", of " << first_height_ << " x " << first_width_
        << "; wanted one size, or new_height and new_width";
  }
  return std::make_shared<const Image>(std::move(image));
}

template <typename Dtype>
ImageBatches<Dtype>::ImageBatches(const vector<string>& paths,
                                  const ImageLoader::Options& load,
                                  const TransformationParameter& transform,
                                  Phase phase, int items, int threads,
                                  int depth)
    : loader_(paths, load), transformer_(transform, phase), items_(items),
      threads_(threads), depth_(depth) {
  constexpr int kMost = 256;
  INPUT_CHECK(threads >= 1 && threads <= kMost)
      << "threads is " << threads << "; wanted 1 to " << kMost;
  INPUT_CHECK(depth >= 1 && depth <= kMost)
      << "prefetch is " << depth << "; wanted 1 to " << kMost;
  CHECK_GE(items, 1);
  const shared_ptr<const Image> first = loader_.Load(0);
  try {
    shape_ = transformer_.OutputShape(first->channels, first->height,
                                      first->width);
  } catch (const Error& error) {
    throw error.At(loader_.path(0));
  }
  shape_.insert(shape_.begin(), items);
}

template <typename Dtype>
void ImageBatches<Dtype>::Start(Drawer draw, uint64_t seed, uint64_t cursor) {
#ifdef TERCET_CUDA
  feed_.reset();
#endif
  ahead_ = nullptr;
  prefetcher_.reset();
  draw_ = std::move(draw);
  seed_ = seed;
  cursor_ = cursor;
  end_ = UINT64_MAX;
}

template <typename Dtype>
void ImageBatches<Dtype>::Allow(uint64_t end) {
  end_ = end;
  if (prefetcher_ != nullptr) prefetcher_->Allow(end);
}

template <typename Dtype>
size_t ImageBatches<Dtype>::ImageCount() const {
  return static_cast<size_t>(items_) * shape_[1] * shape_[2] * shape_[3];
}

template <typename Dtype>
const typename ImageBatches<Dtype>::Batch& ImageBatches<Dtype>::NextBatch() {
  CHECK(draw_ != nullptr) << "Start was not called";
  if (prefetcher_ == nullptr) {
    pinned_ = Caffe::mode() == Caffe::GPU;
    prefetcher_.reset(new Prefetcher<Batch>(
        [this](uint64_t number, Batch* batch) { MakeBatch(number, batch); },
        cursor_, threads_, depth_, end_));
  }
#ifdef TERCET_CUDA
  // To ask for a batch ends the right to the memory of the one before.
  if (feed_ != nullptr) feed_->WaitUntilSent();
#endif
  return prefetcher_->Next();
}

template <typename Dtype>
void ImageBatches<Dtype>::Next(const vector<Blob<Dtype>*>& top) {
  const Dtype* batch = (ahead_ ? *ahead_ : NextBatch()).data();
  ahead_ = nullptr;
  ++cursor_;
  std::copy_n(batch, ImageCount(), top[0]->mutable_cpu_data());
  labels_.assign(batch + ImageCount(), batch + ImageCount() + items_);
  if (top.size() > 1) {
    std::copy_n(labels_.data(), items_, top[1]->mutable_cpu_data());
  }
}

#ifdef TERCET_CUDA
template <typename Dtype>
void ImageBatches<Dtype>::SendNext() {
  ahead_ = &NextBatch();
  feed_->Send(ahead_->data());
  const Dtype* labels = ahead_->data() + ImageCount();
  sent_labels_.assign(labels, labels + items_);
}

template <typename Dtype>
void ImageBatches<Dtype>::NextOnDevice(const vector<Blob<Dtype>*>& top) {
  if (feed_ == nullptr) {
    feed_.reset(new DeviceFeed<Dtype>(ImageCount() + items_));
  }
  if (ahead_ == nullptr) SendNext();
  Dtype* const batch = feed_->Take();
  ahead_ = nullptr;
  labels_.swap(sent_labels_);
  ++cursor_;
  top[0]->set_gpu_data(batch);
  if (top.size() > 1) {
    top[1]->data()->set_data(labels_.data(), batch + ImageCount());
  }
  // The batch after it, if it is made already.
  if (prefetcher_->IsReady()) SendNext();
}
#endif

template <typename Dtype>
void ImageBatches<Dtype>::MakeBatch(uint64_t number, Batch* batch) {
  vector<Draw> draws;
  {
    std::lock_guard<std::mutex> lock(draw_mutex_);
    draws = draw_(number);
  }
  CHECK_EQ(draws.size(), static_cast<size_t>(items_));
  const size_t size = ImageCount() / items_;
  batch->Resize(ImageCount() + items_, pinned_);
  // Keeps crop and mirror apart from the sampler's draws under the same seed.
  constexpr uint64_t kTransformSalt = 0xd1b54a32d192ed03u;
  for (int i = 0; i < items_; ++i) {
    Rng rng(seed_ ^ kTransformSalt, number * items_ + i);
    const shared_ptr<const Image> image = loader_.Load(draws[i].image);
    try {
      transformer_.Transform(*image, &rng, batch->data() + i * size);
    } catch (const Error& error) {
      throw error.At(loader_.path(draws[i].image));
    }
    batch->data()[ImageCount() + i] = static_cast<Dtype>(draws[i].label);
  }
}

template class ImageBatches<float>;
template class ImageBatches<double>;

}  // namespace caffe
