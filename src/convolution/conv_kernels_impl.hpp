// The loops behind conv_kernels.hpp, written once with the compiler's vector
// types. Each conv_kernels_<set>.cpp includes this with SIMD_VECTOR_BYTES and
// CONV_TILE_ROWS set for its registers; all is in an unnamed namespace, so
// that code for one processor never stands in for another's. Standard library
// templates stay out for the same reason.
#ifndef TERCET_CONVOLUTION_CONV_KERNELS_IMPL_HPP_
#define TERCET_CONVOLUTION_CONV_KERNELS_IMPL_HPP_

#include <cstdint>
#include <cstring>

#include "convolution/conv_kernels.hpp"
#include "core/simd.hpp"

namespace caffe {
namespace {

template <typename Dtype>
struct Panels : Simd<Dtype> {
  static constexpr int kPanel = 2 * Simd<Dtype>::kLanes;
};

constexpr int kTileRows = CONV_TILE_ROWS;
// Row blocks of a that stay in the second-level cache while b passes by.
constexpr int kCachedBlocks = 24;

// Where row k of b lies: packed, or in the band at an offset of its own.
template <typename Dtype>
struct Packed {
  const Dtype* row;
  const Dtype* Next(int) {
    const Dtype* const at = row;
    row += Panels<Dtype>::kPanel;
    return at;
  }
};

template <typename Dtype>
struct Banded {
  const Dtype* band;
  const int32_t* offsets;
  const Dtype* Next(int k) { return band + offsets[k]; }
};

// One register tile: M rows by N vectors of c.
template <int M, int N, typename Dtype, typename Source>
inline void Tile(const Dtype* a, Source b, Dtype* c, int64_t ldc, int depth,
                 const Dtype* bias, bool add) {
  typedef Panels<Dtype> S;
  typename S::Vector acc[M][N];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) { acc[m][n] = typename S::Vector{}; }
  }
  for (int k = 0; k < depth; ++k) {
    const Dtype* const row = b.Next(k);
    typename S::Vector bk[N];
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) { bk[n] = S::Load(row + n * S::kLanes); }
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) { acc[m][n] += a[m] * bk[n]; }
    }
    a += M;
  }
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) {
      Dtype* to = c + m * ldc + n * S::kLanes;
      if (add) {
        S::Store(to, S::Load(to) + acc[m][n]);
      } else {
        S::Store(to, acc[m][n] + (bias ? bias[m] : Dtype(0)));
      }
    }
  }
}

// A tile whose last columns lie outside c goes through a full one beside it.
template <int M, typename Dtype, typename Source>
void EdgeTile(const Dtype* a, Source b, Dtype* c, int64_t ldc, int cols,
              int depth, const Dtype* bias, bool add) {
  typedef Panels<Dtype> S;
  if (cols == S::kPanel) {
    Tile<M, 2>(a, b, c, ldc, depth, bias, add);
    return;
  }
  const Dtype* const once = add ? nullptr : bias;
  Dtype full[M * S::kPanel];
  if (cols <= S::kLanes) {
    Tile<M, 1>(a, b, full, S::kPanel, depth, once, false);
  } else {
    Tile<M, 2>(a, b, full, S::kPanel, depth, once, false);
  }
  for (int m = 0; m < M; ++m) {
    for (int i = 0; i < cols; ++i) {
      Dtype* to = c + m * ldc + i;
      *to = add ? *to + full[m * S::kPanel + i] : full[m * S::kPanel + i];
    }
  }
}

template <int M, typename Dtype, typename Source>
inline void AnyTile(int rows, const Dtype* a, Source b, Dtype* c, int64_t ldc,
                    int cols, int depth, const Dtype* bias, bool add) {
  if constexpr (M > 0) {
    if (rows == M) {
      EdgeTile<M>(a, b, c, ldc, cols, depth, bias, add);
    } else {
      AnyTile<M - 1>(rows, a, b, c, ldc, cols, depth, bias, add);
    }
  }
}

// All row blocks from `first` to `last` against one panel of b.
template <typename Dtype, typename Source>
void PanelTiles(const Dtype* a, Source b, Dtype* c, int64_t ldc, int rows,
                int first, int last, int cols, int depth, const Dtype* bias,
                bool add) {
  const int blocks = RowBlocks(rows, kTileRows);
  for (int i = first; i < last; ++i) {
    const int r0 = RowBegin(rows, blocks, i);
    AnyTile<kTileRows>(RowBegin(rows, blocks, i + 1) - r0,
                       a + static_cast<int64_t>(r0) * depth, b, c + r0 * ldc,
                       ldc, cols, depth, bias ? bias + r0 : nullptr, add);
  }
}

template <typename Dtype>
void Multiply(const Dtype* a, const Dtype* b, Dtype* c, int64_t ldc,
              int rows, int cols, int depth, const Dtype* bias, bool add) {
  constexpr int kPanel = Panels<Dtype>::kPanel;
  const int blocks = RowBlocks(rows, kTileRows);
  for (int first = 0; first < blocks; first += kCachedBlocks) {
    const int last =
        first + kCachedBlocks < blocks ? first + kCachedBlocks : blocks;
    for (int j = 0; j < cols; j += kPanel) {
      PanelTiles(a, Packed<Dtype>{b + static_cast<int64_t>(j) * depth}, c + j,
                 ldc, rows, first, last,
                 cols - j < kPanel ? cols - j : kPanel, depth, bias, add);
    }
  }
}

template <typename Dtype>
void MultiplyBand(const Dtype* a, const Dtype* band, const int32_t* offsets,
                  const ConvRun* runs, int num_runs, Dtype* c, int64_t ldc,
                  int rows, int depth, const Dtype* bias, bool add) {
  const int blocks = RowBlocks(rows, kTileRows);
  for (int first = 0; first < blocks; first += kCachedBlocks) {
    const int last =
        first + kCachedBlocks < blocks ? first + kCachedBlocks : blocks;
    for (int r = 0; r < num_runs; ++r) {
      PanelTiles(a, Banded<Dtype>{band + runs[r].source, offsets},
                 c + runs[r].column, ldc, rows, first, last,
                 Panels<Dtype>::kPanel, depth, bias, add);
    }
  }
}

template <typename Dtype>
void Pack(const Dtype* band, const int32_t* offsets, int depth,
          const ConvRun* runs, int num_runs, int cols, int stride,
          Dtype* b) {
  typedef Panels<Dtype> S;
  const int tail = cols % S::kPanel;
  if (tail != 0) {
    Dtype* panel = b + static_cast<int64_t>(cols - tail) * depth;
    for (int k = 0; k < depth; ++k) {
      for (int i = tail; i < S::kPanel; ++i) { panel[k * S::kPanel + i] = 0; }
    }
  }
  for (int r = 0; r < num_runs; ++r) {
    const int lane = runs[r].column % S::kPanel;
    Dtype* to = b + static_cast<int64_t>(runs[r].column - lane) * depth + lane;
    const Dtype* from = band + runs[r].source;
    const int length = runs[r].length;
    if (stride == 1 && length == S::kPanel) {
      for (int k = 0; k < depth; ++k, to += S::kPanel) {
        const Dtype* p = from + offsets[k];
        S::Store(to, S::Load(p));
        S::Store(to + S::kLanes, S::Load(p + S::kLanes));
      }
    } else {
      for (int k = 0; k < depth; ++k, to += S::kPanel) {
        const Dtype* p = from + offsets[k];
        for (int i = 0; i < length; ++i) { to[i] = p[i * stride]; }
      }
    }
  }
}

#ifdef __AVX2__
typedef float Float8 __attribute__((vector_size(32)));
typedef float Float8u
    __attribute__((vector_size(32), aligned(4), may_alias));

// Of two rows a and b of blocks of 4, in each block: a0 b0 a1 b1, or a2 b2 a3
// b3 of it; and the first, or the second, pairs of both.
inline Float8 LowTurns(Float8 a, Float8 b) {
  return Shuffle<0, 8, 1, 9, 4, 12, 5, 13>(a, b);
}
inline Float8 HighTurns(Float8 a, Float8 b) {
  return Shuffle<2, 10, 3, 11, 6, 14, 7, 15>(a, b);
}
inline Float8 LowPairs(Float8 a, Float8 b) {
  return Shuffle<0, 1, 8, 9, 4, 5, 12, 13>(a, b);
}
inline Float8 HighPairs(Float8 a, Float8 b) {
  return Shuffle<2, 3, 10, 11, 6, 7, 14, 15>(a, b);
}

// An 8 x 8 block of floats, transposed in registers.
inline void Transpose8(const float* y, int64_t ldy, float* t, int ldt,
                       Float8* sum) {
  Float8 r[8], s[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    r[i] = *reinterpret_cast<const Float8u*>(y + i * ldy);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    s[i] = LowTurns(r[i], r[i + 1]);
    s[i + 1] = HighTurns(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      r[i + 2 * h] = LowPairs(s[i + h], s[i + h + 2]);
      r[i + 2 * h + 1] = HighPairs(s[i + h], s[i + h + 2]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    s[i] = Shuffle<0, 1, 2, 3, 8, 9, 10, 11>(r[i], r[i + 4]);
    s[i + 4] = Shuffle<4, 5, 6, 7, 12, 13, 14, 15>(r[i], r[i + 4]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    *reinterpret_cast<Float8u*>(t + i * ldt) = s[i];
  }
  *sum += ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}
#endif

// A strip of at most 8 rows, of which `height` exist.
template <typename Dtype>
void TransposeStrip(const Dtype* y, int64_t ldy, int height, int cols,
                    Dtype* t, Dtype* sums) {
  constexpr int kPanel = Panels<Dtype>::kPanel;
  int p = 0;
#ifdef __AVX2__
  if constexpr (sizeof(Dtype) == sizeof(float)) {
    if (height == 8) {
      Float8 sum = {};
      for (; p + 8 <= cols; p += 8) {
        Transpose8(y + p, ldy, t + static_cast<int64_t>(p) * kPanel, kPanel,
                   &sum);
      }
      for (int i = 0; i < 8; ++i) { sums[i] += sum[i]; }
    }
  }
#endif
  for (; p < cols; ++p) {
    for (int i = 0; i < height; ++i) {
      const Dtype value = y[i * ldy + p];
      t[static_cast<int64_t>(p) * kPanel + i] = value;
      sums[i] += value;
    }
  }
}

template <typename Dtype>
void Transpose(const Dtype* y, int64_t ldy, int rows, int cols, Dtype* t,
               Dtype* sums) {
  constexpr int kPanel = Panels<Dtype>::kPanel;
  if (rows % kPanel != 0) {
    Dtype* last = t + static_cast<int64_t>(rows / kPanel) * kPanel * cols;
    std::memset(last, 0, sizeof(Dtype) * kPanel * cols);
  }
  constexpr int kStrip = kPanel < 8 ? kPanel : 8;
  for (int r = 0; r < rows; r += kStrip) {
    const int height = rows - r < kStrip ? rows - r : kStrip;
    const int lane = r % kPanel;
    TransposeStrip(y + r * ldy, ldy, height, cols,
                   t + static_cast<int64_t>(r - lane) * cols + lane,
                   sums + r);
  }
}

// Registers hold M rows k by one panel while the pixels pass by.
template <typename Dtype, int M>
void OuterTile(const Dtype* band, const int32_t* offsets,
               const int32_t* pixels, int cols, const Dtype* t, Dtype* w) {
  typedef Panels<Dtype> S;
  const Dtype* from[M];
  typename S::Vector acc[M][2];
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
    from[m] = band + offsets[m];
    acc[m][0] = acc[m][1] = typename S::Vector{};
  }
  for (int p = 0; p < cols; ++p) {
    const typename S::Vector t0 = S::Load(t);
    const typename S::Vector t1 = S::Load(t + S::kLanes);
    const int64_t pixel = pixels[p];
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m) {
      acc[m][0] += from[m][pixel] * t0;
      acc[m][1] += from[m][pixel] * t1;
    }
    t += S::kPanel;
  }
#pragma GCC unroll 16
  for (int m = 0; m < M; ++m) {
    Dtype* const to = w + m * S::kPanel;
    S::Store(to, S::Load(to) + acc[m][0]);
    S::Store(to + S::kLanes, S::Load(to + S::kLanes) + acc[m][1]);
  }
}

template <typename Dtype, int M>
inline void AnyOuterTile(int rows, const Dtype* band, const int32_t* offsets,
                         const int32_t* pixels, int cols, const Dtype* t,
                         Dtype* w) {
  if constexpr (M > 0) {
    if (rows == M) {
      OuterTile<Dtype, M>(band, offsets, pixels, cols, t, w);
    } else {
      AnyOuterTile<Dtype, M - 1>(rows, band, offsets, pixels, cols, t, w);
    }
  }
}

template <typename Dtype>
void Outer(const Dtype* band, const int32_t* offsets, int depth,
           const int32_t* pixels, int cols, const Dtype* t, Dtype* w) {
  const int blocks = RowBlocks(depth, kTileRows);
  for (int i = 0; i < blocks; ++i) {
    const int k0 = RowBegin(depth, blocks, i);
    const int k1 = RowBegin(depth, blocks, i + 1);
    AnyOuterTile<Dtype, kTileRows>(k1 - k0, band, offsets + k0, pixels, cols,
                                   t, w + k0 * Panels<Dtype>::kPanel);
  }
}

}  // namespace
}  // namespace caffe

#include "convolution/conv_winograd_impl.hpp"

namespace caffe {
namespace {

template <typename Dtype>
constexpr ConvKernels<Dtype> kConvKernels = {
    Panels<Dtype>::kPanel,     kTileRows,
    Multiply<Dtype>,         MultiplyBand<Dtype>,
    Pack<Dtype>,             Transpose<Dtype>,
    Outer<Dtype>,            WinogradData<Dtype>,
    WinogradGradient<Dtype>, WinogradOutput<Dtype>,
    WinogradWindow<Dtype>,   WinogradSums<Dtype>};

}  // namespace
}  // namespace caffe

#endif  // TERCET_CONVOLUTION_CONV_KERNELS_IMPL_HPP_
