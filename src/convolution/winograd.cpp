// Winograd's convolution: the cut into patches and blocks, the transforms of
// the weights, and the sharing among threads. The transforms of the images
// are in conv_winograd_impl.hpp. A pass runs block by block: the inputs of a
// block transformed, 36 small matrix products, the outputs transformed back,
// all within a core's own cache. The weights' gradient runs chunk by chunk:
// the threads transform a chunk of the batch together and then share the 36
// products, so that no partial sums are needed.

#include "convolution/winograd.hpp"

#include <algorithm>

#include "convolution/conv_common.hpp"
#include "convolution/conv_kernels.hpp"
#include "core/parallel.hpp"

namespace caffe {

namespace {

constexpr int kWindow = 9;     // values of a window
constexpr int kSide = 4;       // outputs a patch and side
constexpr int kInSide = 6;     // inputs
constexpr int kProducts = kInSide * kInSide;
constexpr int kMostLanes = 16;
// Fewest channels and outputs, and patches an image, for which the transforms
// pay. The batch has no say, so that an image's outputs do not depend on it.
constexpr int kLeastChannels = 16;
constexpr int kLeastPatches = 9;
// Elements of the transformed inputs and outputs of a block: the second-level
// cache; and of a chunk: the third-level cache.
constexpr int kBlockElements = 147456;
constexpr int kChunkElements = 1 << 20;

// In one fixed order; count is a multiple of 4.
template <typename Dtype>
inline Dtype SumOf(const Dtype* values, int count) {
  Dtype sums[4] = {};
  for (int i = 0; i < count; i += 4) {
    for (int j = 0; j < 4; ++j) { sums[j] += values[i + j]; }
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// From one of the 36 matrices to the next: an odd number of cache lines, so
// that equal places of them never compete for one place in the cache.
template <typename Dtype>
inline int64_t MatrixStep(int64_t size) {
  constexpr int64_t kLine = 64 / sizeof(Dtype);
  return ((size + kLine - 1) / kLine | 1) * kLine;
}

int Channels(const ConvGeometry& s) { return s.channels / s.group; }
int Outputs(const ConvGeometry& s) { return s.num_output / s.group; }

}  // namespace

template <typename Dtype>
bool Winograd<Dtype>::Suits(const ConvGeometry& s) {
  const int64_t patches = static_cast<int64_t>(CeilDiv(s.out_height(), kSide)) *
                          CeilDiv(s.out_width(), kSide);
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 &&
         s.stride_w == 1 && s.dilation_h == 1 && s.dilation_w == 1 &&
         s.pad_h <= 2 && s.pad_w <= 2 && Channels(s) >= kLeastChannels &&
         Outputs(s) >= kLeastChannels && patches >= kLeastPatches &&
         2 * s.out_plane() >= patches * kSide * kSide;
}

template <typename Dtype>
typename Winograd<Dtype>::Grid Winograd<Dtype>::MakeGrid(
    const ConvGeometry& shape, int batch) {
  const int panel = BestConvKernels<Dtype>().panel;
  Grid grid;
  grid.shape = shape;
  grid.strips = CeilDiv(shape.out_height(), kSide);
  grid.patches = CeilDiv(shape.out_width(), kSide);
  // The transform reads two columns more than it uses.
  grid.width = kSide * grid.patches + 4;
  grid.total = static_cast<int64_t>(batch) * grid.strips * grid.patches;
  const int fitting =
      kBlockElements / (kProducts * (Channels(shape) + Outputs(shape)));
  grid.block = std::max(panel, fitting / panel * panel);
  return grid;
}

template <typename Dtype>
void Winograd<Dtype>::Reshape(const ConvGeometry& shape, int batch) {
  const int panel = BestConvKernels<Dtype>().panel;
  forward_ = MakeGrid(shape, batch);
  ConvGeometry back = shape;
  back.height = shape.out_height();
  back.width = shape.out_width();
  std::swap(back.channels, back.num_output);
  back.pad_h = 2 - shape.pad_h;
  back.pad_w = 2 - shape.pad_w;
  backward_ = MakeGrid(back, batch);
  const int64_t channels = RoundUp(Channels(shape), panel);
  const int64_t outputs = RoundUp(Outputs(shape), panel);
  const int64_t strip =
      kProducts * (channels + outputs) * forward_.patches;
  chunk_strips_ = static_cast<int>(std::max<int64_t>(
      1, std::min<int64_t>(kChunkElements / strip,
                           static_cast<int64_t>(batch) * forward_.strips)));
  const int64_t patches =
      static_cast<int64_t>(chunk_strips_) * forward_.patches;
  weights_.Reserve(shape.weight_size() / kWindow * kProducts);
  inputs_.Reserve(kProducts * MatrixStep<Dtype>(channels * patches));
  gradients_.Reserve(kProducts * MatrixStep<Dtype>(outputs * patches));
  sums_.Reserve(kProducts * channels * Outputs(shape));
  bias_sums_.Reserve(chunk_strips_ * outputs);
  patch_steps_.clear();
  for (int i = 0; i < patches; ++i) { patch_steps_.push_back(i * outputs); }
  output_steps_.clear();
  for (int i = 0; i < outputs; ++i) { output_steps_.push_back(i); }
  scratch_size_ = 0;
  for (const Grid* grid : {&forward_, &backward_}) {
    const int64_t strips =
        (grid->block / grid->patches + 2) * kInSide * grid->width;
    const int64_t block =
        kProducts *
        (MatrixStep<Dtype>(int64_t{grid->block} * Channels(grid->shape)) +
         MatrixStep<Dtype>(int64_t{grid->block} * Outputs(grid->shape)));
    const int64_t lanes = static_cast<int64_t>(panel) * kInSide * grid->width;
    scratch_size_ = std::max(
        scratch_size_, RoundUp(std::max(strips + block, lanes) + 64, 64));
  }
  threads_ = 0;
}

template <typename Dtype>
void Winograd<Dtype>::ReserveThreads() {
  if (Caffe::threads() <= threads_) { return; }
  threads_ = Caffe::threads();
  scratch_.Reserve(scratch_size_ * threads_);
  places_.resize(threads_);
}

// 36 matrices a group, each packed for multiply().
template <typename Dtype>
void Winograd<Dtype>::TransformWeights(const Grid& grid, const Dtype* w,
                                       bool turned) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const int rows = Outputs(grid.shape);
  const int channels = Channels(grid.shape);
  const int blocks = RowBlocks(rows, kernels.rows);
  const int lanes = kernels.panel / 2;
  const int64_t matrix = static_cast<int64_t>(rows) * channels;
  const int64_t row_step = kWindow * (turned ? 1 : channels);
  const int64_t channel_step = kWindow * (turned ? rows : 1);
  auto transform = [&](int group, int r0, int r1) {
    const Dtype* const from = w + group * matrix * kWindow;
    Dtype* const to = weights_.data() + group * kProducts * matrix +
                      static_cast<int64_t>(r0) * channels;
    Dtype windows[kProducts * kMostLanes];
    for (int c = 0; c < channels; c += lanes) {
      const int count = std::min(lanes, channels - c);
      for (int r = r0; r < r1; ++r) {
        kernels.winograd_window(from + r * row_step + c * channel_step,
                                channel_step, count, turned, windows);
        for (int f = 0; f < kProducts; ++f) {
          for (int l = 0; l < count; ++l) {
            to[f * matrix + (c + l) * (r1 - r0) + r - r0] =
                windows[f * lanes + l];
          }
        }
      }
    }
  };
  const int64_t work = grid.shape.group * matrix * kProducts;
  ParallelItems(int64_t{grid.shape.group} * blocks, work,
                [&](int64_t item, int) {
                  const int i = static_cast<int>(item % blocks);
                  transform(static_cast<int>(item / blocks),
                            RowBegin(rows, blocks, i),
                            RowBegin(rows, blocks, i + 1));
                });
}

// Patches beyond the last repeat it, to fill the last vector.
template <typename Dtype>
void Winograd<Dtype>::Places::Set(const Grid& grid, int64_t first, int count,
                                  int padded) {
  const ConvGeometry& s = grid.shape;
  in.resize(padded);
  out.resize(padded);
  rows.resize(padded);
  columns.resize(padded);
  for (int i = 0; i < padded; ++i) {
    const int64_t patch = first + std::min(i, count - 1);
    const int64_t strip = patch / grid.patches;
    const int x = static_cast<int>(patch % grid.patches) * kSide;
    const int y = static_cast<int>(strip % grid.strips) * kSide;
    in[i] = (strip - first / grid.patches) * kInSide * grid.width + x;
    out[i] = strip / grid.strips * s.out_size() +
             static_cast<int64_t>(y) * s.out_width() + x;
    rows[i] = i < count ? std::min(kSide, s.out_height() - y) : 0;
    columns[i] = std::min(kSide, s.out_width() - x);
  }
}

template <typename Dtype>
bool Winograd<Dtype>::Places::Whole(int begin, int end) const {
  for (int i = begin; i < end; ++i) {
    if (rows[i] != kSide || columns[i] != kSide) { return false; }
  }
  return true;
}

template <typename Dtype>
void Winograd<Dtype>::TransformBlock(const Grid& grid, int64_t first,
                                     int count, const Dtype* x,
                                     const Places& places, Dtype* strips,
                                     Dtype* v) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const ConvGeometry& s = grid.shape;
  const int channels = Channels(s);
  const int panel = kernels.panel;
  const int padded = static_cast<int>(places.in.size());
  const int64_t plane = static_cast<int64_t>(s.height) * s.width;
  const int64_t first_strip = first / grid.patches;
  const int64_t last_strip = (first + count - 1) / grid.patches;
  const int64_t step =
      MatrixStep<Dtype>(static_cast<int64_t>(padded) * channels);
  for (int c = 0; c < channels; ++c) {
    Dtype* to = strips;
    for (int64_t strip = first_strip; strip <= last_strip; ++strip) {
      CopyPaddedRows(
          x + strip / grid.strips * s.in_size() + c * plane, s.height,
          s.width,
          static_cast<int>(strip % grid.strips) * kSide - s.pad_h, kInSide,
          s.pad_w, grid.width, to);
      to += kInSide * grid.width;
    }
    for (int i = 0; i < padded; i += panel / 2) {
      const int64_t at = static_cast<int64_t>(i / panel) * channels + c;
      kernels.winograd_data(strips, places.in.data() + i, grid.width,
                            v + at * panel + i % panel,
                            step);
    }
  }
}

template <typename Dtype>
void Winograd<Dtype>::StoreOutputs(const Grid& grid, const Dtype* m,
                                   const Places& places, const Dtype* bias,
                                   Dtype* y) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const ConvGeometry& s = grid.shape;
  const int outputs = Outputs(s);
  const int lanes = kernels.panel / 2;
  const int padded = static_cast<int>(places.out.size());
  const int64_t step =
      MatrixStep<Dtype>(static_cast<int64_t>(outputs) * padded);
  Dtype edge[kMostLanes * kSide * kSide];
  int64_t edge_offsets[kMostLanes];
  for (int l = 0; l < lanes; ++l) { edge_offsets[l] = l * kSide * kSide; }
  for (int i = 0; i < padded; i += lanes) {
    const bool whole = places.Whole(i, i + lanes);
    for (int k = 0; k < outputs; ++k) {
      const Dtype* const from = m + static_cast<int64_t>(k) * padded + i;
      Dtype* const to = y + k * s.out_plane();
      const Dtype add = bias ? bias[k] : Dtype(0);
      if (whole) {
        kernels.winograd_output(from, step, add, to, places.out.data() + i,
                                s.out_width());
        continue;
      }
      kernels.winograd_output(from, step, add, edge, edge_offsets, kSide);
      for (int l = 0; l < lanes; ++l) {
        for (int r = 0; r < places.rows[i + l]; ++r) {
          const Dtype* const row = edge + (l * kSide + r) * kSide;
          std::copy(row, row + places.columns[i + l],
                    to + places.out[i + l] + r * s.out_width());
        }
      }
    }
  }
}

template <typename Dtype>
void Winograd<Dtype>::RunBlock(const Grid& grid, int64_t first, int group,
                               const Dtype* x, const Dtype* bias, int slot,
                               Dtype* y) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const ConvGeometry& s = grid.shape;
  const int channels = Channels(s);
  const int outputs = Outputs(s);
  const int count = static_cast<int>(
      std::min<int64_t>(grid.block, grid.total - first));
  const int padded = static_cast<int>(RoundUp(count, kernels.panel));
  Places& places = places_[slot];
  places.Set(grid, first, count, padded);
  const int64_t in_step =
      MatrixStep<Dtype>(static_cast<int64_t>(channels) * padded);
  const int64_t out_step =
      MatrixStep<Dtype>(static_cast<int64_t>(outputs) * padded);
  Dtype* const v = scratch_.data() + slot * scratch_size_;
  Dtype* const m = v + kProducts * in_step;
  Dtype* const strips = m + kProducts * out_step;
  TransformBlock(grid, first, count,
                 x + group * (s.in_size() / s.group), places, strips, v);
  const int64_t matrix = static_cast<int64_t>(outputs) * channels;
  const Dtype* const weights = weights_.data() + group * kProducts * matrix;
  for (int f = 0; f < kProducts; ++f) {
    kernels.multiply(weights + f * matrix, v + f * in_step, m + f * out_step,
                     padded, outputs, padded, channels, nullptr, false);
  }
  StoreOutputs(grid, m, places, bias ? bias + group * outputs : nullptr,
               y + group * outputs * s.out_plane());
}

template <typename Dtype>
void Winograd<Dtype>::RunPass(const Grid& grid, const Dtype* x,
                              const Dtype* bias, Dtype* y) {
  const int64_t blocks = (grid.total + grid.block - 1) / grid.block;
  const int64_t items = blocks * grid.shape.group;
  const int64_t work = grid.total * kProducts * Channels(grid.shape) *
                       grid.shape.num_output;
  ParallelItems(items, work, [&](int64_t item, int slot) {
    RunBlock(grid, item % blocks * grid.block,
             static_cast<int>(item / blocks), x, bias, slot, y);
  });
}

template <typename Dtype>
void Winograd<Dtype>::Forward(const Dtype* x, const Dtype* w,
                              const Dtype* bias, Dtype* y) {
  ReserveThreads();
  TransformWeights(forward_, w, false);
  RunPass(forward_, x, bias, y);
}

template <typename Dtype>
void Winograd<Dtype>::BackwardData(const Dtype* dy, const Dtype* w,
                                   Dtype* dx) {
  ReserveThreads();
  TransformWeights(backward_, w, true);
  RunPass(backward_, dy, nullptr, dx);
}

// One vector of channels of a strip of the inputs. Lanes beyond the last
// channel repeat it; their sums are not used.
template <typename Dtype>
void Winograd<Dtype>::TransformInputs(int64_t strip, int64_t place,
                                      int channel, const Dtype* x,
                                      Dtype* rows) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const Grid& grid = forward_;
  const ConvGeometry& s = grid.shape;
  const int lanes = kernels.panel / 2;
  const int last = std::min(lanes, Channels(s) - channel) - 1;
  const int64_t plane = static_cast<int64_t>(s.height) * s.width;
  const int64_t chunk = static_cast<int64_t>(chunk_strips_) * grid.patches;
  const Dtype* const from = x + strip / grid.strips * s.in_size();
  int64_t offsets[kMostLanes];
  for (int l = 0; l < lanes; ++l) {
    offsets[l] = std::max(0, std::min(l, last)) * kInSide * grid.width;
  }
  for (int l = 0; l <= std::max(0, last); ++l) {
    CopyPaddedRows(from + std::min(channel + l, Channels(s) - 1) * plane,
                   s.height, s.width,
                   static_cast<int>(strip % grid.strips) * kSide - s.pad_h,
                   kInSide, s.pad_w, grid.width, rows + offsets[l]);
  }
  Dtype* to = inputs_.data() +
              (channel / kernels.panel * chunk + place * grid.patches) *
                  kernels.panel +
              channel % kernels.panel;
  const int64_t step =
      MatrixStep<Dtype>(RoundUp(Channels(s), kernels.panel) * chunk);
  for (int p = 0; p < grid.patches; ++p, to += kernels.panel) {
    kernels.winograd_data(rows + p * kSide, offsets, grid.width, to, step);
  }
}

// The same of the outputs' gradient, and its sums for the bias.
template <typename Dtype>
void Winograd<Dtype>::TransformGradients(int64_t strip, int64_t place,
                                         int output, const Dtype* dy,
                                         Dtype* rows) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const Grid& grid = forward_;
  const ConvGeometry& s = grid.shape;
  const int lanes = kernels.panel / 2;
  const int last = std::min(lanes, Outputs(s) - output) - 1;
  const int width = grid.patches * kSide;
  const int64_t chunk = static_cast<int64_t>(chunk_strips_) * grid.patches;
  const int64_t padded = RoundUp(Outputs(s), kernels.panel);
  const Dtype* const from = dy + strip / grid.strips * s.out_size();
  int64_t offsets[kMostLanes];
  for (int l = 0; l < lanes; ++l) {
    offsets[l] = std::min(l, last) * kSide * width;
  }
  Dtype* const sums = bias_sums_.data() + place * padded + output;
  for (int l = 0; l <= last; ++l) {
    CopyPaddedRows(from + (output + l) * s.out_plane(), s.out_height(),
                   s.out_width(),
                   static_cast<int>(strip % grid.strips) * kSide, kSide, 0,
                   width, rows + offsets[l]);
    sums[l] = SumOf(rows + offsets[l], kSide * width);
  }
  const int64_t step = MatrixStep<Dtype>(chunk * padded);
  Dtype* to = gradients_.data() + place * grid.patches * padded + output;
  for (int p = 0; p < grid.patches; ++p, to += padded) {
    kernels.winograd_gradient(rows + p * kSide, offsets, width, to,
                              step);
  }
}

// sums_ += the 36 products of the chunk's `patches`, and db the bias's sums.
template <typename Dtype>
void Winograd<Dtype>::MultiplyChunk(int strips, Dtype* db) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const ConvGeometry& s = forward_.shape;
  const int patches = strips * forward_.patches;
  const int64_t chunk = static_cast<int64_t>(chunk_strips_) * forward_.patches;
  const int outputs = Outputs(s);
  const int64_t padded = RoundUp(outputs, kernels.panel);
  const int64_t panels = RoundUp(Channels(s), kernels.panel) / kernels.panel;
  const int64_t inputs_step =
      MatrixStep<Dtype>(panels * kernels.panel * chunk);
  const int64_t gradients_step = MatrixStep<Dtype>(chunk * padded);
  const int64_t work = kProducts * panels * outputs * patches * kernels.panel;
  ParallelItems(kProducts * panels, work, [&](int64_t item, int) {
    const int64_t f = item / panels;
    kernels.outer(gradients_.data() + f * gradients_step,
                  output_steps_.data(), outputs, patch_steps_.data(), patches,
                  inputs_.data() + f * inputs_step +
                      item % panels * chunk * kernels.panel,
                  sums_.data() + item * outputs * kernels.panel);
  });
  for (int k = 0; db != nullptr && k < outputs; ++k) {
    for (int i = 0; i < strips; ++i) {
      db[k] += bias_sums_.data()[i * padded + k];
    }
  }
}

template <typename Dtype>
void Winograd<Dtype>::AddWeights(Dtype* dw) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const int lanes = kernels.panel / 2;
  const int channels = Channels(forward_.shape);
  const int outputs = Outputs(forward_.shape);
  const int64_t step = RoundUp(channels, kernels.panel) * outputs;
  const int64_t work = kProducts * step;
  ParallelItems(outputs, work, [&](int64_t k, int) {
    Dtype windows[kWindow * kMostLanes];
    for (int c = 0; c < channels; c += lanes) {
      const int64_t panel = c / kernels.panel;
      kernels.winograd_sums(
          sums_.data() + (panel * outputs + k) * kernels.panel +
              c % kernels.panel,
          step, windows);
      Dtype* const to = dw + (k * channels + c) * kWindow;
      const int count = kWindow * std::min(lanes, channels - c);
      for (int i = 0; i < count; ++i) {
        to[i] += windows[i % kWindow * lanes + i / kWindow];
      }
    }
  });
}

template <typename Dtype>
void Winograd<Dtype>::BackwardWeights(const Dtype* x, const Dtype* dy,
                                      Dtype* dw, Dtype* db) {
  ReserveThreads();
  const ConvGeometry& s = forward_.shape;
  const int panel = BestConvKernels<Dtype>().panel;
  const int lanes = panel / 2;
  const int64_t all_strips = forward_.total / forward_.patches;
  const int64_t padded = RoundUp(Channels(s), panel);
  const int ins = static_cast<int>(padded / lanes);
  const int groups = ins + CeilDiv(Outputs(s), lanes);
  for (int g = 0; g < s.group; ++g) {
    const Dtype* const in = x + g * (s.in_size() / s.group);
    const Dtype* const out = dy + g * (s.out_size() / s.group);
    std::fill_n(sums_.data(), kProducts * padded * Outputs(s), Dtype(0));
    for (int64_t first = 0; first < all_strips; first += chunk_strips_) {
      const int strips = static_cast<int>(
          std::min<int64_t>(chunk_strips_, all_strips - first));
      const int64_t work = int64_t{1} * strips * groups * lanes * kProducts *
                           forward_.patches;
      const int64_t items = int64_t{strips} * groups;
      ParallelItems(items, work, [&](int64_t item, int slot) {
        const int64_t i = item / groups;
        const int j = static_cast<int>(item % groups);
        Dtype* const rows = scratch_.data() + slot * scratch_size_;
        if (j < ins) {
          TransformInputs(first + i, i, j * lanes, in, rows);
        } else {
          TransformGradients(first + i, i, (j - ins) * lanes, out, rows);
        }
      });
      MultiplyChunk(strips, db ? db + g * Outputs(s) : nullptr);
    }
    if (dw != nullptr) { AddWeights(dw + g * (s.weight_size() / s.group)); }
  }
}

template class Winograd<float>;
template class Winograd<double>;

}  // namespace caffe
