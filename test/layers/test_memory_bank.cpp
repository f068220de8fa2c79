// The memory bank: what it holds after so many batches, on both devices, and
// after a snapshot.
#include <vector>

#include "caffe/test/fixture.hpp"
#include "layers/memory_bank.hpp"

namespace caffe {
namespace {

template <typename TypeParam>
class MemoryBankTest : public MultiDeviceTest<TypeParam> {
 protected:
  typedef typename TypeParam::Dtype Dtype;

  // Appends a batch of the rows first ... first + B - 1: row r holds r, r + .5.
  static void AppendRows(int first, int B, MemoryBank<Dtype>* bank) {
    Blob<Dtype> rows({B, 2}), labels({B});
    for (int i = 0; i < B; ++i) {
      rows.mutable_cpu_data()[2 * i] = static_cast<Dtype>(first + i);
      rows.mutable_cpu_data()[2 * i + 1] = static_cast<Dtype>(first + i + .5);
      labels.mutable_cpu_data()[i] = static_cast<Dtype>(-first - i);
    }
    bank->Reshape(B, 2);
    bank->Append(rows, labels);
  }
  // The rows by their numbers, the bank's and those of a batch of B.
  static vector<int> Held(const MemoryBank<Dtype>& bank, int B) {
    vector<int> held;
    for (int i = 0; i < bank.held() + B; ++i) {
      const Dtype value = bank.rows().cpu_data()[2 * i];
      EXPECT_EQ(bank.rows().cpu_data()[2 * i + 1], value + Dtype(.5));
      EXPECT_EQ(bank.labels().cpu_data()[i], -value);
      held.push_back(static_cast<int>(value));
    }
    return held;
  }
};
TYPED_TEST_SUITE(MemoryBankTest, TestDtypesAndDevices);

TYPED_TEST(MemoryBankTest, HoldsTheLastRowsAndTheBatchBehind) {
  typedef typename TypeParam::Dtype Dtype;
  MemoryBank<Dtype> bank(5);
  this->AppendRows(0, 2, &bank);
  EXPECT_EQ(bank.held(), 0);
  EXPECT_EQ(this->Held(bank, 2), (vector<int>{0, 1}));
  this->AppendRows(2, 2, &bank);
  EXPECT_EQ(bank.held(), 2);
  EXPECT_EQ(this->Held(bank, 2), (vector<int>{0, 1, 2, 3}));
  this->AppendRows(4, 2, &bank);
  EXPECT_EQ(this->Held(bank, 2), (vector<int>{0, 1, 2, 3, 4, 5}));
  // Row 5 takes the place of the oldest, 0.
  this->AppendRows(6, 2, &bank);
  EXPECT_EQ(this->Held(bank, 2), (vector<int>{5, 1, 2, 3, 4, 6, 7}));
  this->AppendRows(8, 2, &bank);
  EXPECT_EQ(this->Held(bank, 2), (vector<int>{5, 6, 7, 3, 4, 8, 9}));
  this->AppendRows(10, 2, &bank);
  this->AppendRows(12, 2, &bank);
  EXPECT_EQ(this->Held(bank, 2), (vector<int>{10, 11, 7, 8, 9, 12, 13}));
}

// A batch larger than the bank leaves its last rows.
TYPED_TEST(MemoryBankTest, BatchesOfAnySize) {
  typedef typename TypeParam::Dtype Dtype;
  MemoryBank<Dtype> bank(3);
  this->AppendRows(0, 7, &bank);
  this->AppendRows(7, 1, &bank);
  EXPECT_EQ(bank.held(), 3);
  vector<int> held = this->Held(bank, 1);
  std::sort(held.begin(), held.end());
  EXPECT_EQ(held, (vector<int>{4, 5, 6, 7}));
  this->AppendRows(8, 9, &bank);
  held = this->Held(bank, 9);
  EXPECT_EQ(vector<int>(held.begin() + 3, held.end()),
            (vector<int>{8, 9, 10, 11, 12, 13, 14, 15, 16}));
  std::sort(held.begin(), held.begin() + 3);
  EXPECT_EQ(vector<int>(held.begin(), held.begin() + 3),
            (vector<int>{5, 6, 7}));
}

TYPED_TEST(MemoryBankTest, GoesOnWhereItWasSaved) {
  typedef typename TypeParam::Dtype Dtype;
  for (const int batches : {0, 1, 2, 3, 5, 8}) {
    MemoryBank<Dtype> bank(5), resumed(5);
    for (int b = 0; b < batches; ++b) this->AppendRows(3 * b, 3, &bank);
    if (batches == 0) bank.Reshape(3, 2);
    LayerState state;
    bank.Save(&state);
    resumed.Reshape(3, 2);
    resumed.Load(state);
    for (int b = batches; b < batches + 4; ++b) {
      this->AppendRows(3 * b, 3, &bank);
      this->AppendRows(3 * b, 3, &resumed);
      EXPECT_EQ(this->Held(bank, 3), this->Held(resumed, 3))
          << batches << " batches, then " << b;
    }
  }
}

TYPED_TEST(MemoryBankTest, StatesThatDoNotFitAreRefused) {
  typedef typename TypeParam::Dtype Dtype;
  MemoryBank<Dtype> bank(5), small(2);
  for (int b = 0; b < 4; ++b) this->AppendRows(3 * b, 3, &bank);
  LayerState state;
  bank.Save(&state);
  small.Reshape(3, 2);
  EXPECT_THROW(small.Load(state), Error);
  state.set_bank_pending(100);
  EXPECT_THROW(bank.Load(state), Error);
  state.set_bank_pending(3);
  state.mutable_bank_labels()->mutable_shape()->set_dim(0, 2);
  state.mutable_bank_labels()->mutable_data()->Clear();
  state.mutable_bank_labels()->mutable_double_data()->Clear();
  EXPECT_THROW(bank.Load(state), Error);
}

}  // namespace
}  // namespace caffe
