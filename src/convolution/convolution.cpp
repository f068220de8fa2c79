// Convolution on the CPU: the cut into tiles and blocks, the packing of the
// weights and the sharing among threads. A tile is a few rows of one image's
// output; the padded input rows that it reads (its band) and the columns made
// of them stay in a core's own cache, so that no column matrix of a whole
// image ever exists. The arithmetic is in conv_kernels_impl.hpp.

#include "convolution/convolution.hpp"

#include <algorithm>

#include "caffe/util/im2col.hpp"
#include "convolution/conv_common.hpp"
#include "convolution/conv_kernels.hpp"
#include "convolution/winograd.hpp"
#include "core/parallel.hpp"

namespace caffe {

namespace {

// Depth of one block: a panel of b this deep fits the first-level cache.
constexpr int kBlockDepth = 320;
// Elements of packed columns a tile should have: the second-level cache.
constexpr int kTileElements = 32768;
// Elements of transposed gradient a tile should have.
constexpr int kTransposedElements = 65536;
// Most partial sums of a weights' gradient, and elements that they may take.
constexpr int kMostParts = 16;
constexpr int64_t kMostPartElements = int64_t{1} << 24;
// Where part i of `parts` equal parts of n begins.
int64_t PartBegin(int64_t n, int64_t parts, int64_t i) {
  return n * i / parts;
}

ConvPlan MakePlan(const ConvGeometry& shape, int tile_pixels,
                  int most_channels) {
  ConvPlan plan;
  plan.shape = shape;
  const int rows = shape.out_height();
  const int columns = shape.out_width();
  const int64_t wanted = CeilDiv(static_cast<int>(shape.out_plane()),
                                 std::max(tile_pixels, columns));
  plan.tiles = static_cast<int>(std::min<int64_t>(rows, wanted));
  plan.tile_rows = CeilDiv(rows, plan.tiles);
  const int channels = shape.channels / shape.group;
  plan.block_channels =
      CeilDiv(channels, CeilDiv(channels, std::min(channels, most_channels)));
  plan.band_width = (columns - 1) * shape.stride_w + shape.extent_w();
  plan.band_plane =
      plan.band_width *
      ((plan.tile_rows - 1) * shape.stride_h + shape.extent_h());
  plan.offsets.reserve(plan.block_depth());
  for (int c = 0; c < plan.block_channels; ++c) {
    for (int i = 0; i < shape.kernel_h; ++i) {
      for (int j = 0; j < shape.kernel_w; ++j) {
        plan.offsets.push_back(c * plan.band_plane +
                               i * shape.dilation_h * plan.band_width +
                               j * shape.dilation_w);
      }
    }
  }
  for (int row = 0; row < plan.tile_rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      plan.pixels.push_back(row * shape.stride_h * plan.band_width +
                            column * shape.stride_w);
    }
  }
  return plan;
}

// The plan of a pass that multiply() computes.
ConvPlan MakePassPlan(const ConvGeometry& shape, int panel) {
  const int area = shape.kernel_area();
  const int most_channels = std::max(1, kBlockDepth / area);
  const int depth =
      area * std::min(most_channels, shape.channels / shape.group);
  const int columns = shape.out_width();
  const bool in_place = columns % panel == 0 && shape.stride_w == 1;
  const int pixels = std::min(
      1024,
      std::max(8 * panel, kTileElements / (in_place ? depth / area : depth)));
  ConvPlan plan = MakePlan(shape, pixels, most_channels);
  plan.in_place = in_place;
  for (int row = 0; row < plan.tile_rows; ++row) {
    for (int done = 0; done < columns;) {
      const int column = row * columns + done;
      const int length = std::min(columns - done, panel - column % panel);
      plan.runs.push_back({plan.pixels[column], column, length});
      done += length;
    }
  }
  return plan;
}

// The plan of the weights' gradient.
ConvPlan MakeWeightsPlan(const ConvGeometry& shape, int padded_outputs) {
  const int pixels =
      std::min(256, std::max(64, kTransposedElements / padded_outputs));
  const ConvPlan one = MakePlan(shape, pixels, 1);
  return MakePlan(shape, pixels,
                  std::max(1, kTileElements / one.band_plane));
}

// The tile's output rows [begin, end).
struct TileRows {
  TileRows(const ConvPlan& plan, int tile)
      : begin(static_cast<int>(
            PartBegin(plan.shape.out_height(), plan.tiles, tile))),
        end(static_cast<int>(
            PartBegin(plan.shape.out_height(), plan.tiles, tile + 1))) {}
  int begin;
  int end;
};

// Copies what a tile reads of `channels` planes of x, with the padding, to
// band: channels x band_plane.
template <typename Dtype>
void FillBand(const ConvPlan& plan, TileRows rows, int channels,
              const Dtype* x, Dtype* band) {
  const ConvGeometry& s = plan.shape;
  const int top = rows.begin * s.stride_h - s.pad_h;
  const int height = (rows.end - rows.begin - 1) * s.stride_h + s.extent_h();
  const int64_t plane = static_cast<int64_t>(s.height) * s.width;
  for (int c = 0; c < channels; ++c) {
    CopyPaddedRows(x + c * plane, s.height, s.width, top, height, s.pad_w,
                   plan.band_width,
                   band + static_cast<int64_t>(c) * plan.band_plane);
  }
}

}  // namespace

template <typename Dtype>
void ConvBuffer<Dtype>::Reserve(int64_t count) {
  constexpr size_t kLine = 64;
  const size_t needed = static_cast<size_t>(count) + kLine / sizeof(Dtype);
  if (aligned_ != nullptr && storage_.size() >= needed) { return; }
  storage_.clear();
  storage_.shrink_to_fit();
  storage_.resize(needed);
  const size_t past = reinterpret_cast<uintptr_t>(storage_.data()) % kLine;
  aligned_ = storage_.data() + (kLine - past) % kLine / sizeof(Dtype);
}

template <typename Dtype>
CpuConvolution<Dtype>::CpuConvolution() = default;
template <typename Dtype>
CpuConvolution<Dtype>::~CpuConvolution() = default;

template <typename Dtype>
int64_t CpuConvolution<Dtype>::PartialSize() const {
  const int64_t outputs = RoundUp(shape_.num_output / shape_.group,
                                  BestConvKernels<Dtype>().panel);
  return RoundUp(outputs * (forward_.depth() + 1), 64);
}

template <typename Dtype>
void CpuConvolution<Dtype>::Reshape(const ConvGeometry& shape, int batch) {
  shape_ = shape;
  batch_ = batch;
  winograd_.reset();
  if (sizeof(Dtype) == sizeof(float) && !direct_ &&
      Winograd<Dtype>::Suits(shape)) {
    winograd_.reset(new Winograd<Dtype>);
    winograd_->Reshape(shape, batch);
    return;
  }
  const int panel = BestConvKernels<Dtype>().panel;
  forward_ = MakePassPlan(shape, panel);
  ConvGeometry back = shape;
  back.height = shape.out_height();
  back.width = shape.out_width();
  back.channels = shape.num_output;
  direct_backward_ = shape.stride_h == 1 && shape.stride_w == 1;
  if (direct_backward_) {
    back.num_output = shape.channels;
    back.pad_h = shape.extent_h() - 1 - shape.pad_h;
    back.pad_w = shape.extent_w() - 1 - shape.pad_w;
  } else {
    back.num_output = shape.channels * shape.kernel_area();
    back.kernel_h = back.kernel_w = back.stride_h = back.stride_w = 1;
    back.dilation_h = back.dilation_w = 1;
    back.pad_h = back.pad_w = 0;
  }
  backward_ = MakePassPlan(back, panel);
  const int outputs = shape.num_output / shape.group;
  weights_ =
      MakeWeightsPlan(shape, static_cast<int>(RoundUp(outputs, panel)));
  const int64_t units = static_cast<int64_t>(batch) * weights_.tiles;
  const int64_t room = kMostPartElements / (PartialSize() * shape.group);
  parts_ = static_cast<int>(std::max<int64_t>(
      1, std::min<int64_t>({kMostParts, units, room})));
  partials_.Reserve(parts_ * shape.group * PartialSize());
  packed_.Reserve(shape.weight_size());
  threads_ = 0;
  ReserveThreads();
}

template <typename Dtype>
void CpuConvolution<Dtype>::ReserveThreads() {
  if (Caffe::threads() <= threads_) { return; }
  threads_ = Caffe::threads();
  const int panel = BestConvKernels<Dtype>().panel;
  auto pass_size = [panel](const ConvPlan& plan) {
    const int64_t cols =
        RoundUp(static_cast<int64_t>(plan.pixels.size()), panel);
    return RoundUp(plan.band_size(), 64) +
           (plan.in_place ? 0 : cols * plan.block_depth());
  };
  const int64_t outputs = RoundUp(shape_.num_output / shape_.group, panel);
  const int64_t weights = RoundUp(weights_.band_size(), 64) +
                          outputs * static_cast<int64_t>(
                                        weights_.pixels.size());
  column_size_ = direct_backward_ ? 0
                                  : RoundUp(backward_.shape.out_size() /
                                                backward_.shape.group, 64);
  scratch_size_ =
      RoundUp(std::max({pass_size(forward_), weights,
                        pass_size(backward_) + column_size_}), 64);
  scratch_.Reserve(scratch_size_ * threads_);
}

template <typename Dtype>
void CpuConvolution<Dtype>::PackWeights(const ConvPlan& plan, const Dtype* w,
                                        const WeightSteps& steps) {
  const int most = BestConvKernels<Dtype>().rows;
  const int rows = plan.shape.num_output / plan.shape.group;
  const int channels = plan.shape.channels / plan.shape.group;
  const int area = plan.shape.kernel_area();
  const int blocks = RowBlocks(rows, most);
  Dtype* const packed = packed_.data();
  // By value: small layers take a tenth longer with references.
  const auto pack = [=, &plan](int g, int i) {
    const int r0 = RowBegin(rows, blocks, i);
    const int r1 = RowBegin(rows, blocks, i + 1);
    Dtype* const group = packed + static_cast<int64_t>(g) * rows * plan.depth();
    for (int c0 = 0; c0 < channels; c0 += plan.block_channels) {
      const int c1 = std::min(channels, c0 + plan.block_channels);
      Dtype* to = group + static_cast<int64_t>(rows) * c0 * area +
                  static_cast<int64_t>(r0) * (c1 - c0) * area;
      for (int c = c0; c < c1; ++c) {
        for (int a = 0; a < area; ++a) {
          const Dtype* from = w + g * steps.group + c * steps.channel +
                              (steps.turned ? area - 1 - a : a);
          for (int r = r0; r < r1; ++r) { *to++ = from[r * steps.row]; }
        }
      }
    }
  };
  ParallelItems(int64_t{plan.shape.group} * blocks, shape_.weight_size(),
                [&](int64_t item, int) {
                  pack(static_cast<int>(item / blocks),
                       static_cast<int>(item % blocks));
                });
}

template <typename Dtype>
void CpuConvolution<Dtype>::RunTile(const ConvPlan& plan, int tile, int group,
                                    const Dtype* x, const Dtype* bias,
                                    Dtype* scratch, Dtype* y) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const ConvGeometry& s = plan.shape;
  const TileRows rows(plan, tile);
  const int64_t first = static_cast<int64_t>(rows.begin) * s.out_width();
  const int cols = (rows.end - rows.begin) * s.out_width();
  const int channels = s.channels / s.group;
  const int outputs = s.num_output / s.group;
  const int64_t plane = static_cast<int64_t>(s.height) * s.width;
  const auto runs_end = std::lower_bound(
      plan.runs.begin(), plan.runs.end(), cols,
      [](const ConvRun& run, int column) { return run.column < column; });
  const int num_runs = static_cast<int>(runs_end - plan.runs.begin());
  Dtype* const band = scratch;
  Dtype* const columns = scratch + RoundUp(plan.band_size(), 64);
  const Dtype* weights =
      packed_.data() + static_cast<int64_t>(group) * outputs * plan.depth();
  for (int c = 0; c < channels; c += plan.block_channels) {
    const int count = std::min(plan.block_channels, channels - c);
    const int depth = count * s.kernel_area();
    FillBand(plan, rows, count, x + c * plane, band);
    if (plan.in_place) {
      kernels.multiply_band(weights, band, plan.offsets.data(),
                            plan.runs.data(), num_runs, y + first,
                            s.out_plane(), outputs, depth, bias, c > 0);
    } else {
      kernels.pack(band, plan.offsets.data(), depth, plan.runs.data(),
                   num_runs, cols, s.stride_w, columns);
      kernels.multiply(weights, columns, y + first, s.out_plane(), outputs,
                       cols, depth, bias, c > 0);
    }
    weights += static_cast<int64_t>(outputs) * depth;
  }
}

template <typename Dtype>
void CpuConvolution<Dtype>::RunPass(const ConvPlan& plan, const Dtype* x,
                                    const Dtype* bias, Dtype* y) {
  const ConvGeometry& s = plan.shape;
  const int64_t image = static_cast<int64_t>(s.group) * plan.tiles;
  const int64_t units = batch_ * image;
  const int64_t work = batch_ * s.out_size() * plan.depth();
  const int64_t in_group = s.in_size() / s.group;
  const int outputs = s.num_output / s.group;
  ParallelItems(units, work, [&](int64_t u, int slot) {
    const int64_t n = u / image;
    const int g = static_cast<int>(u % image) / plan.tiles;
    const int tile = static_cast<int>(u % plan.tiles);
    RunTile(plan, tile, g, x + n * s.in_size() + g * in_group,
            bias ? bias + g * outputs : nullptr,
            scratch_.data() + slot * scratch_size_,
            y + n * s.out_size() + g * outputs * s.out_plane());
  });
}

template <typename Dtype>
void CpuConvolution<Dtype>::Forward(const Dtype* x, const Dtype* w,
                                    const Dtype* bias, Dtype* y) {
  if (winograd_) {
    winograd_->Forward(x, w, bias, y);
    return;
  }
  ReserveThreads();
  const int64_t depth = forward_.depth();
  const int64_t outputs = shape_.num_output / shape_.group;
  PackWeights(forward_, w,
              {outputs * depth, depth, shape_.kernel_area(), false});
  RunPass(forward_, x, bias, y);
}

template <typename Dtype>
void CpuConvolution<Dtype>::BackwardData(const Dtype* dy, const Dtype* w,
                                         Dtype* dx) {
  if (winograd_) {
    winograd_->BackwardData(dy, w, dx);
    return;
  }
  ReserveThreads();
  const int64_t depth = forward_.depth();
  const int64_t outputs = shape_.num_output / shape_.group;
  if (direct_backward_) {
    PackWeights(backward_, w,
                {outputs * depth, shape_.kernel_area(), depth, true});
    RunPass(backward_, dy, nullptr, dx);
  } else {
    PackWeights(backward_, w, {outputs * depth, 1, depth, false});
    ColumnsToImage(dy, dx);
  }
}

// At a stride the gradient of the columns is computed for one image and group
// at a time and then added up.
template <typename Dtype>
void CpuConvolution<Dtype>::ColumnsToImage(const Dtype* dy, Dtype* dx) {
  const ConvGeometry& s = shape_;
  const int64_t units = static_cast<int64_t>(batch_) * s.group;
  const int64_t work = batch_ * s.out_size() * forward_.depth();
  ParallelItems(units, work, [&](int64_t u, int slot) {
    Dtype* const columns = scratch_.data() + slot * scratch_size_;
    for (int tile = 0; tile < backward_.tiles; ++tile) {
      RunTile(backward_, tile, static_cast<int>(u % s.group),
              dy + u * (s.out_size() / s.group), nullptr,
              columns + column_size_, columns);
    }
    col2im_cpu(columns, s.channels / s.group, s.height, s.width, s.kernel_h,
               s.kernel_w, s.pad_h, s.pad_w, s.stride_h, s.stride_w,
               s.dilation_h, s.dilation_w, dx + u * (s.in_size() / s.group));
  });
}

template <typename Dtype>
void CpuConvolution<Dtype>::WeightsTile(int tile, const Dtype* x,
                                        const Dtype* dy, Dtype* scratch,
                                        Dtype* partial) {
  const ConvKernels<Dtype>& kernels = BestConvKernels<Dtype>();
  const ConvPlan& plan = weights_;
  const ConvGeometry& s = plan.shape;
  const TileRows rows(plan, tile);
  const int64_t first = static_cast<int64_t>(rows.begin) * s.out_width();
  const int cols = (rows.end - rows.begin) * s.out_width();
  const int channels = s.channels / s.group;
  const int outputs = s.num_output / s.group;
  const int panel = kernels.panel;
  const int64_t depth = plan.depth();
  const int64_t plane = static_cast<int64_t>(s.height) * s.width;
  Dtype* const band = scratch;
  Dtype* const turned = scratch + RoundUp(plan.band_size(), 64);
  kernels.transpose(dy + first, s.out_plane(), outputs, cols, turned,
                    partial + RoundUp(outputs, panel) * depth);
  for (int c = 0; c < channels; c += plan.block_channels) {
    const int count = std::min(plan.block_channels, channels - c);
    FillBand(plan, rows, count, x + c * plane, band);
    for (int o = 0; o < outputs; o += panel) {
      kernels.outer(band, plan.offsets.data(), count * s.kernel_area(),
                    plan.pixels.data(), cols,
                    turned + static_cast<int64_t>(o) * cols,
                    partial + o * depth +
                        static_cast<int64_t>(c) * s.kernel_area() * panel);
    }
  }
}

template <typename Dtype>
void CpuConvolution<Dtype>::BackwardWeights(const Dtype* x, const Dtype* dy,
                                            Dtype* dw, Dtype* db) {
  if (winograd_) {
    winograd_->BackwardWeights(x, dy, dw, db);
    return;
  }
  ReserveThreads();
  const ConvGeometry& s = shape_;
  const int64_t size = PartialSize();
  const int64_t units = static_cast<int64_t>(batch_) * weights_.tiles;
  const int64_t items = static_cast<int64_t>(parts_) * s.group;
  const int64_t work = batch_ * s.out_size() * weights_.depth();
  ParallelItems(items, work, [&](int64_t item, int slot) {
    const int64_t part = item / s.group;
    const int64_t g = item % s.group;
    Dtype* const partial = partials_.data() + item * size;
    std::fill(partial, partial + size, Dtype(0));
    const int64_t end = PartBegin(units, parts_, part + 1);
    for (int64_t u = PartBegin(units, parts_, part); u < end; ++u) {
      const int64_t n = u / weights_.tiles;
      WeightsTile(static_cast<int>(u % weights_.tiles),
                  x + n * s.in_size() + g * (s.in_size() / s.group),
                  dy + n * s.out_size() + g * (s.out_size() / s.group),
                  scratch_.data() + slot * scratch_size_, partial);
    }
  });
  SumParts(dw, db);
}

// The partial sums, added in order, in the layout of the weights.
template <typename Dtype>
void CpuConvolution<Dtype>::SumParts(Dtype* dw, Dtype* db) {
  constexpr int kMostPanel = 64;
  const int panel = BestConvKernels<Dtype>().panel;
  const int outputs = shape_.num_output / shape_.group;
  const int64_t depth = weights_.depth();
  const int64_t padded = RoundUp(outputs, panel);
  const int64_t step = PartialSize() * shape_.group;
  // Row k of a panel; the last row of all holds the bias.
  auto sum_row = [&](int g, int o, int64_t k) {
    const bool is_bias = k == depth;
    Dtype* const to = is_bias ? db : dw;
    if (to == nullptr) { return; }
    const Dtype* part = partials_.data() + g * PartialSize() +
                        (is_bias ? padded * depth + o : o * depth + k * panel);
    Dtype sum[kMostPanel] = {};
    for (int p = 0; p < parts_; ++p, part += step) {
      for (int i = 0; i < panel; ++i) { sum[i] += part[i]; }
    }
    const int count = std::min(panel, outputs - o);
    for (int i = 0; i < count; ++i) {
      const int64_t output = static_cast<int64_t>(g) * outputs + o + i;
      to[is_bias ? output : output * depth + k] += sum[i];
    }
  };
  const int64_t panels = padded / panel;
  const int64_t items = shape_.group * panels * (depth + 1);
  ParallelItems(items, items * panel * parts_, [&](int64_t item, int) {
    const int64_t row = item / (depth + 1);
    sum_row(static_cast<int>(row / panels),
            static_cast<int>(row % panels) * panel, item % (depth + 1));
  });
}

template class ConvBuffer<float>;
template class ConvBuffer<double>;
template class CpuConvolution<float>;
template class CpuConvolution<double>;

}  // namespace caffe
