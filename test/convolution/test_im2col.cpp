// im2col against the definition, and col2im as its adjoint, on random shapes:
// odd sizes, strides, padding and dilation.
#include <gtest/gtest.h>

#include <vector>

#include "caffe/blob.hpp"
#include "caffe/test/fixture.hpp"
#include "caffe/util/im2col.hpp"
#include "caffe/util/rng.hpp"

namespace caffe {

namespace {

struct RandomWindow {
  explicit RandomWindow(int seed) : rng(seed, 0) {
    channels = Draw(1, 5);
    kernel_h = Draw(1, 4);
    kernel_w = Draw(1, 4);
    pad_h = Draw(0, 3);
    pad_w = Draw(0, 3);
    stride_h = Draw(1, 3);
    stride_w = Draw(1, 3);
    dilation_h = Draw(1, 2);
    dilation_w = Draw(1, 2);
    height = Draw(dilation_h * (kernel_h - 1) + 1, 13);
    width = Draw(dilation_w * (kernel_w - 1) + 1, 13);
    out_h = (height + 2 * pad_h - dilation_h * (kernel_h - 1) - 1) / stride_h +
            1;
    out_w = (width + 2 * pad_w - dilation_w * (kernel_w - 1) - 1) / stride_w +
            1;
  }
  int Draw(int low, int high) {
    return low + static_cast<int>(rng.Below(high - low + 1));
  }
  int rows() const { return channels * kernel_h * kernel_w; }
  // The index in the image of entry (k, r, q) of the columns, -1: padding.
  int Source(int k, int r, int q) const {
    const int c = k / kernel_w / kernel_h;
    const int y = r * stride_h - pad_h + k / kernel_w % kernel_h * dilation_h;
    const int x = q * stride_w - pad_w + k % kernel_w * dilation_w;
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? (c * height + y) * width + x : -1;
  }

  Rng rng;
  int channels, height, width, kernel_h, kernel_w, pad_h, pad_w;
  int stride_h, stride_w, dilation_h, dilation_w, out_h, out_w;
};

}  // namespace

template <typename TypeParam>
class Im2colTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  static void Fill(RandomWindow* c, Blob<Dtype>* blob) {
    Dtype* data = blob->mutable_cpu_data();
    for (int i = 0; i < blob->count(); ++i) {
      data[i] = static_cast<Dtype>(c->rng.Uniform(-1, 1));
    }
  }
  static void ToColumns(const RandomWindow& c, const Blob<Dtype>& image,
                        Blob<Dtype>* columns) {
#ifdef TERCET_CUDA
    if (Caffe::mode() == Caffe::GPU) {
      im2col_gpu(image.gpu_data(), c.channels, c.height, c.width, c.kernel_h,
                 c.kernel_w, c.pad_h, c.pad_w, c.stride_h, c.stride_w,
                 c.dilation_h, c.dilation_w, columns->mutable_gpu_data());
      return;
    }
#endif
    im2col_cpu(image.cpu_data(), c.channels, c.height, c.width, c.kernel_h,
               c.kernel_w, c.pad_h, c.pad_w, c.stride_h, c.stride_w,
               c.dilation_h, c.dilation_w, columns->mutable_cpu_data());
  }
  static void ToImage(const RandomWindow& c, const Blob<Dtype>& columns,
                      Blob<Dtype>* image) {
#ifdef TERCET_CUDA
    if (Caffe::mode() == Caffe::GPU) {
      col2im_gpu(columns.gpu_data(), c.channels, c.height, c.width,
                 c.kernel_h, c.kernel_w, c.pad_h, c.pad_w, c.stride_h,
                 c.stride_w, c.dilation_h, c.dilation_w,
                 image->mutable_gpu_data());
      return;
    }
#endif
    col2im_cpu(columns.cpu_data(), c.channels, c.height, c.width, c.kernel_h,
               c.kernel_w, c.pad_h, c.pad_w, c.stride_h, c.stride_w,
               c.dilation_h, c.dilation_w, image->mutable_cpu_data());
  }
};

TYPED_TEST_SUITE(Im2colTest, TestDtypesAndDevices);

TYPED_TEST(Im2colTest, ColumnsHoldTheWindowsAndZerosInThePadding) {
  typedef typename TypeParam::Dtype Dtype;
  for (int seed = 0; seed < 60; ++seed) {
    RandomWindow c(seed);
    Blob<Dtype> image({c.channels, c.height, c.width});
    Blob<Dtype> columns({c.rows(), c.out_h, c.out_w});
    this->Fill(&c, &image);
    this->ToColumns(c, image, &columns);
    const Dtype* found = columns.cpu_data();
    for (int i = 0; i < columns.count(); ++i) {
      const int source = c.Source(i / c.out_w / c.out_h,
                                  i / c.out_w % c.out_h, i % c.out_w);
      const Dtype wanted = source < 0 ? Dtype(0) : image.cpu_data()[source];
      ASSERT_EQ(wanted, found[i]) << "seed " << seed << " entry " << i;
    }
  }
}

TYPED_TEST(Im2colTest, Col2imAddsUpWhatIm2colSpread) {
  typedef typename TypeParam::Dtype Dtype;
  for (int seed = 0; seed < 60; ++seed) {
    RandomWindow c(seed);
    Blob<Dtype> image({c.channels, c.height, c.width});
    Blob<Dtype> columns({c.rows(), c.out_h, c.out_w});
    this->Fill(&c, &columns);
    this->ToImage(c, columns, &image);
    std::vector<double> wanted(image.count(), 0);
    for (int i = 0; i < columns.count(); ++i) {
      const int source = c.Source(i / c.out_w / c.out_h,
                                  i / c.out_w % c.out_h, i % c.out_w);
      if (source >= 0) { wanted[source] += columns.cpu_data()[i]; }
    }
    for (int i = 0; i < image.count(); ++i) {
      ASSERT_NEAR(wanted[i], image.cpu_data()[i], 1e-5)
          << "seed " << seed << " pixel " << i;
    }
  }
}

}  // namespace caffe
