// The GPU's own convolution: a batch that is cut into chunks, the last of them
// smaller, gives what the CPU's convolution gives; with groups, strides and
// windows of one pixel.
#ifdef TERCET_CUDA
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "caffe/test/fixture.hpp"
#include "convolution/convolution.hpp"
#include "convolution/gpu_convolution.hpp"

namespace caffe {

namespace {

struct ChunkCase {
  int channels, outputs, group, kernel, stride, pad;
};

ConvGeometry GeometryOf(const ChunkCase& c) {
  ConvGeometry s;
  s.channels = c.channels;
  s.num_output = c.outputs;
  s.group = c.group;
  s.kernel_h = s.kernel_w = c.kernel;
  s.stride_h = s.stride_w = c.stride;
  s.pad_h = s.pad_w = c.pad;
  s.height = 7;
  s.width = 5;
  return s;
}

template <typename Dtype>
void FillForChunks(Rng* rng, Blob<Dtype>* blob) {
  for (int i = 0; i < blob->count(); ++i) {
    blob->mutable_cpu_data()[i] = static_cast<Dtype>(rng->Uniform(-1, 1));
    blob->mutable_cpu_diff()[i] = static_cast<Dtype>(rng->Uniform(-1, 1));
  }
}

template <typename Dtype>
void ExpectNearAll(const char* what, const Dtype* wanted, const Dtype* got,
                   int count) {
  const double tolerance = sizeof(Dtype) == sizeof(double) ? 1e-12 : 1e-4;
  for (int i = 0; i < count; ++i) {
    ASSERT_NEAR(wanted[i], got[i], tolerance) << what << " " << i;
  }
}

}  // namespace

template <typename Dtype>
class GpuConvolutionTest : public GPUDeviceTest<Dtype> {};
TYPED_TEST_SUITE(GpuConvolutionTest, TestDtypes);

TYPED_TEST(GpuConvolutionTest, ChunksOfABatchGiveWhatTheCpuGives) {
  typedef TypeParam Dtype;
  constexpr int kBatch = 5;
  Rng rng(7, 0);
  for (const ChunkCase& c : std::vector<ChunkCase>{{4, 6, 1, 3, 1, 1},
                                                   {6, 6, 6, 3, 2, 1},
                                                   {4, 8, 2, 1, 1, 0},
                                                   {4, 8, 1, 1, 1, 0},
                                                   {3, 5, 1, 2, 2, 0}}) {
    const ConvGeometry s = GeometryOf(c);
    SCOPED_TRACE("group " + std::to_string(c.group) + ", kernel " +
                 std::to_string(c.kernel));
    Blob<Dtype> x(kBatch, s.channels, s.height, s.width);
    Blob<Dtype> y(kBatch, s.num_output, s.out_height(), s.out_width());
    Blob<Dtype> w(s.num_output, s.channels / s.group, s.kernel_h, s.kernel_w);
    Blob<Dtype> b(vector<int>{s.num_output});
    for (Blob<Dtype>* blob : {&x, &y, &w, &b}) { FillForChunks(&rng, blob); }
    CpuConvolution<Dtype> cpu;
    cpu.set_direct(true);
    cpu.Reshape(s, kBatch);
    std::vector<Dtype> out(y.count()), dx(x.count());
    std::vector<Dtype> dw(w.cpu_diff(), w.cpu_diff() + w.count());
    std::vector<Dtype> db(b.cpu_diff(), b.cpu_diff() + b.count());
    cpu.Forward(x.cpu_data(), w.cpu_data(), b.cpu_data(), out.data());
    cpu.BackwardData(y.cpu_diff(), w.cpu_data(), dx.data());
    cpu.BackwardWeights(x.cpu_data(), y.cpu_diff(), dw.data(), db.data());

    GpuConvolution<Dtype> gpu;
    gpu.set_own(true);
    // Room for two images of columns and outputs.
    gpu.set_column_bytes(
        2 * sizeof(Dtype) *
        (s.channels * s.kernel_area() * s.out_plane() + s.out_size()));
    gpu.Reshape(s, kBatch);
    ASSERT_EQ(2, gpu.chunk());
    gpu.Forward(x.gpu_data(), w.gpu_data(), b.gpu_data(),
                y.mutable_gpu_data());
    gpu.BackwardWeights(x.gpu_data(), y.gpu_diff(), w.mutable_gpu_diff(),
                        b.mutable_gpu_diff());
    gpu.BackwardData(y.gpu_diff(), w.gpu_data(), x.mutable_gpu_diff());
    ExpectNearAll("y", out.data(), y.cpu_data(), y.count());
    ExpectNearAll("dx", dx.data(), x.cpu_diff(), x.count());
    ExpectNearAll("dw", dw.data(), w.cpu_diff(), w.count());
    ExpectNearAll("db", db.data(), b.cpu_diff(), b.count());
  }
}

}  // namespace caffe
#endif  // TERCET_CUDA
