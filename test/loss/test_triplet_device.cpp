// The triplet passes on the device against those on the CPU: the same bits, so
// the same rows count as active, for each way that the rows may lie in memory.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "caffe/loss/triplet.hpp"
#include "caffe/syncedmem.hpp"
#include "caffe/test/fixture.hpp"

#ifdef TERCET_CUDA

namespace caffe {
namespace {

using metric::Distance;
using metric::TripletOptions;

// Values on the host and their copy on the device, `shift` values behind an
// address that is a multiple of 16.
template <typename T>
class Shifted {
 public:
  Shifted(const std::vector<T>& values, int shift)
      : memory_((values.size() + shift) * sizeof(T)), shift_(shift) {
    std::copy(values.begin(), values.end(),
              static_cast<T*>(memory_.mutable_cpu_data()) + shift);
  }
  Shifted(size_t count, int shift)
      : Shifted(std::vector<T>(count, std::numeric_limits<T>::quiet_NaN()),
                shift) {}
  T* device() {
    return static_cast<T*>(memory_.mutable_gpu_data()) + shift_;
  }
  std::vector<T> values() {
    const T* data = static_cast<const T*>(memory_.cpu_data());
    return std::vector<T>(data + shift_,
                          data + memory_.size() / sizeof(T));
  }

 private:
  SyncedMemory memory_;
  int shift_;
};

template <typename T>
struct TripletCase {
  int64_t N, D;
  std::vector<T> a, p, n, weights;

  // Every third row has whole numbers, so that distances tie; every fifth has
  // p = n, which ties in any distance, and every seventh a = p.
  TripletCase(int64_t rows, int64_t columns, int seed) : N(rows), D(columns) {
    Rng rng(seed);
    for (int64_t i = 0; i < N; ++i) {
      for (int64_t k = 0; k < D; ++k) {
        T x[3];
        for (T& value : x) {
          value = static_cast<T>(i % 3 == 0 ? rng.Below(3) : rng.Gaussian());
        }
        a.push_back(x[0]);
        p.push_back(i % 7 == 6 ? x[0] : x[1]);
        n.push_back(i % 5 == 4 ? p.back() : x[2]);
      }
      const double weight = rng.Uniform(0.5, 2);
      weights.push_back(static_cast<T>(i % 4 == 3 ? 0 : weight));
    }
  }
};

template <typename T>
struct TripletResult {
  std::vector<T> rows, da, dp, dn;
  T loss, factor;
  std::vector<double> totals;
};

template <typename T>
TripletResult<T> OnCpu(const TripletOptions& options, const TripletCase<T>& x,
                       T loss_diff) {
  const size_t count = x.a.size();
  TripletResult<T> result;
  result.rows.resize(x.N * metric::kTripletRowSize);
  result.da.resize(count);
  result.dp.resize(count);
  result.dn.resize(count);
  result.totals.resize(metric::kTripletTotals);
  metric::TripletForward(options, x.a.data(), x.p.data(), x.n.data(),
                         x.weights.data(), x.N, x.D, result.rows.data(),
                         &result.loss, &result.factor, result.totals.data());
  metric::TripletBackward(options, x.a.data(), x.p.data(), x.n.data(),
                          result.rows.data(), result.factor * loss_diff, x.N,
                          x.D, result.da.data(), result.dp.data(),
                          result.dn.data());
  return result;
}

template <typename T>
TripletResult<T> OnDevice(const TripletOptions& options,
                          const TripletCase<T>& x, T loss_diff, int shift) {
  const size_t count = x.a.size();
  Shifted<T> a(x.a, shift), p(x.p, shift), n(x.n, shift);
  Shifted<T> weights(x.weights, 0);
  Shifted<T> rows(x.N * metric::kTripletRowSize, 0), loss(1, 0), factor(1, 0);
  Shifted<T> da(count, shift), dp(count, shift), dn(count, shift);
  Shifted<T> diff(std::vector<T>{loss_diff}, 0);
  Shifted<double> totals(metric::kTripletTotals, 0);
  metric::TripletForwardGpu(options, a.device(), p.device(), n.device(),
                            weights.device(), x.N, x.D, rows.device(),
                            loss.device(), factor.device(),
                            totals.device());
  metric::TripletBackwardGpu(options, a.device(), p.device(), n.device(),
                             rows.device(), factor.device(), diff.device(),
                             x.N, x.D, da.device(), dp.device(), dn.device());
  return {rows.values(), da.values(),      dp.values(),
          dn.values(),   loss.values()[0], factor.values()[0],
          totals.values()};
}

// The values of a row that the distance uses.
template <typename T>
std::vector<T> UsedOf(const std::vector<T>& rows, Distance distance) {
  const int used = distance == Distance::kCosine ? metric::kTripletRowSize
                                                 : metric::kInverseAnchor;
  std::vector<T> result;
  for (size_t i = 0; i < rows.size(); i += metric::kTripletRowSize) {
    result.insert(result.end(), rows.begin() + i, rows.begin() + i + used);
  }
  return result;
}

template <typename Dtype>
class TripletDeviceTest : public GPUDeviceTest<Dtype> {
 protected:
  void Compare(int64_t N, int64_t D, int shift) {
    const TripletCase<Dtype> x(N, D, static_cast<int>(100 * N + D));
    for (const Distance distance :
         {Distance::kSquaredL2, Distance::kL2, Distance::kCosine,
          Distance::kL1}) {
      TripletOptions options;
      options.distance = distance;
      options.margin = 0;
      options.intra_margin = 1;
      options.intra_weight = 0.25;
      options.normalization = metric::Normalization::kValid;
      const auto want = OnCpu<Dtype>(options, x, Dtype(1.5));
      const auto have = OnDevice<Dtype>(options, x, Dtype(1.5), shift);
      const std::string place = "distance " +
                                std::to_string(static_cast<int>(distance)) +
                                " N " + std::to_string(N) + " D " +
                                std::to_string(D) + " shift " +
                                std::to_string(shift);
      EXPECT_TRUE(SameBits(UsedOf(want.rows, distance),
                           UsedOf(have.rows, distance)))
          << place;
      EXPECT_EQ(want.factor, have.factor) << place;
      EXPECT_NEAR(want.loss, have.loss, 1e-6 * (1 + want.loss)) << place;
      for (const int k : {metric::kTripletLossSum, metric::kTripletWeightSum}) {
        EXPECT_NEAR(want.totals[k], have.totals[k], 1e-6 * (1 + want.totals[k]))
            << place;
      }
      for (const int k : {metric::kTripletWeighted, metric::kTripletActive}) {
        EXPECT_EQ(want.totals[k], have.totals[k]) << place;
      }
      EXPECT_TRUE(SameBits(want.da, have.da)) << place;
      EXPECT_TRUE(SameBits(want.dp, have.dp)) << place;
      EXPECT_TRUE(SameBits(want.dn, have.dn)) << place;
    }
  }
};
TYPED_TEST_SUITE(TripletDeviceTest, TestDtypes);

// Rows for packs of 16 bytes: fewer than a lane each, whole steps, a last
// step that is cut short, and more than one round of reads.
TYPED_TEST(TripletDeviceTest, RowsOfWholePacksAreTheCpus) {
  for (const int D : {4, 8, 16, 20, 64, 84, 128}) this->Compare(37, D, 0);
}

TYPED_TEST(TripletDeviceTest, RowsOfOddLengthsAreTheCpus) {
  for (const int D : {1, 2, 3, 5, 15, 17, 67, 131}) this->Compare(37, D, 0);
}

// D allows packs, the addresses do not.
TYPED_TEST(TripletDeviceTest, RowsOffTheirAlignmentAreTheCpus) {
  for (const int D : {4, 64}) this->Compare(19, D, 1);
}

// The cosine's rows fit into shared memory up to 512 values.
TYPED_TEST(TripletDeviceTest, LongRowsAreTheCpus) {
  for (const int D : {256, 512, 516, 520}) this->Compare(9, D, 0);
}

TYPED_TEST(TripletDeviceTest, AnyNumberOfRows) {
  for (const int N : {1, 2, 8, 63, 64, 65, 129}) this->Compare(N, 4, 0);
}

TYPED_TEST(TripletDeviceTest, ManyRandomAndTiedRowsHaveTheSameMasks) {
  this->Compare(4001, 12, 0);
}

TYPED_TEST(TripletDeviceTest, NoRowsGiveNoLoss) {
  const TripletCase<TypeParam> none(0, 8, 1);
  Shifted<TypeParam> loss(1, 0), factor(1, 0), rows(1, 0);
  Shifted<double> totals(metric::kTripletTotals, 0);
  metric::TripletForwardGpu<TypeParam>(
      TripletOptions(), rows.device(), rows.device(), rows.device(), nullptr,
      0, 8, rows.device(), loss.device(), factor.device(), totals.device());
  EXPECT_EQ(loss.values()[0], 0);
  EXPECT_EQ(factor.values()[0], 1);
}

}  // namespace
}  // namespace caffe

#endif  // TERCET_CUDA
