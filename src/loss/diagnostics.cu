// The lengths and the spread of rows on the device: sums over blocks of rows,
// then over the blocks, in double.
#include <algorithm>

#include "caffe/check.hpp"
#include "caffe/loss/diagnostics.hpp"
#include "pairwise/reduce.cuh"

namespace caffe {
namespace metric {

namespace {

constexpr int64_t kBlockRows = 64;

int64_t BlocksOf(int64_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

template <typename T>
struct RowParts {
  const T* part[kMostRowParts];
  int64_t N;
  int64_t D;

  __device__ const T* Row(int64_t i) const {
    return part[i / N] + i % N * D;
  }
};

}  // namespace

// Behind the two results: the sums of u and of u^2 of each block's columns.
int64_t MomentDoubles(int64_t parts, int64_t N, int64_t D) {
  return 2 + parts * N + 2 * BlocksOf(parts * N) * D;
}

template <typename T>
void MeasureRowsGpu(const std::vector<const T*>& parts, int64_t N, int64_t D,
                    double* work) {
  CHECK_LE(parts.size(), kMostRowParts);
  RowParts<T> all = {};
  std::copy(parts.begin(), parts.end(), all.part);
  all.N = N;
  all.D = D;
  const int64_t rows = static_cast<int64_t>(parts.size()) * N;
  const int64_t blocks = BlocksOf(rows);
  double* const norms = work + 2;
  double* const sum = norms + rows;
  double* const squares = sum + blocks * D;
  ForEachWarp(rows, [=] __device__(int64_t i, int lane) {
    const T* const x = all.Row(i);
    const double square = WarpRowSum<double>(D, lane, [=](int64_t k) {
      return static_cast<double>(x[k]) * x[k];
    });
    if (lane == 0) norms[i] = sqrt(square);
  });
  ForEach(blocks * D, [=] __device__(int64_t at) {
    const int64_t first = at / D * kBlockRows, k = at % D;
    const double origin = all.part[0][k];
    double u_sum = 0, u_squares = 0;
    for (int64_t i = first; i < first + kBlockRows && i < rows; ++i) {
      const double u = all.Row(i)[k] - origin;
      u_sum += u;
      u_squares += u * u;
    }
    sum[at] = u_sum;
    squares[at] = u_squares;
  });
  const double count = static_cast<double>(rows);
  SumRows(
      rows, [=] __device__(int64_t i) { return norms[i]; },
      [=] __device__(double total, int64_t) {
        work[0] = rows > 0 ? total / count : 0;
      });
  SumRows(
      rows > 0 ? D : 0,
      [=] __device__(int64_t k) {
        double u_sum = 0, u_squares = 0;
        for (int64_t b = 0; b < blocks; ++b) {
          u_sum += sum[b * D + k];
          u_squares += squares[b * D + k];
        }
        const double mean = u_sum / count;
        const double part = u_squares / count - mean * mean;
        return part < 0 ? 0 : part;
      },
      [=] __device__(double variance, int64_t) { work[1] = sqrt(variance); });
}

template void MeasureRowsGpu<float>(const std::vector<const float*>&, int64_t,
                                    int64_t, double*);
template void MeasureRowsGpu<double>(const std::vector<const double*>&,
                                     int64_t, int64_t, double*);

}  // namespace metric
}  // namespace caffe
