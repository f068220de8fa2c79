// The random generator: Philox4x32-10, a counter-based generator (Salmon et
// al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A number is a
// function of (key, counter), so a state is two integers, a stream can be
// sought, and threads and the GPU draw the same numbers as a serial loop. The
// distributions are our own as well, so that a seed gives the same numbers
// with each standard library.
#ifndef CAFFE_UTIL_RNG_HPP_
#define CAFFE_UTIL_RNG_HPP_

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "caffe/host_device.hpp"

namespace caffe {

struct PhiloxBlock {
  uint32_t v[4];
};

// The four 32-bit words at a counter.
TERCET_HD inline PhiloxBlock PhiloxAt(uint64_t key, uint64_t counter,
                                      uint64_t stream = 0) {
  constexpr uint32_t kMul0 = 0xD2511F53u, kMul1 = 0xCD9E8D57u;
  constexpr uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  uint32_t c0 = static_cast<uint32_t>(counter);
  uint32_t c1 = static_cast<uint32_t>(counter >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream);
  uint32_t c3 = static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = static_cast<uint64_t>(kMul0) * c0;
    const uint64_t p1 = static_cast<uint64_t>(kMul1) * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return PhiloxBlock{{c0, c1, c2, c3}};
}

class Rng {
 public:
  TERCET_HD explicit Rng(uint64_t seed = 0, uint64_t stream = 0)
      : seed_(seed), stream_(stream) {}

  TERCET_HD uint32_t Uint32() {
    if (used_ == 4) {
      block_ = PhiloxAt(seed_, counter_++, stream_);
      used_ = 0;
    }
    return block_.v[used_++];
  }
  TERCET_HD uint64_t Uint64() {
    const uint64_t high = Uint32();
    return high << 32 | Uint32();
  }
  // Uniform in [0, 1), with 53 random bits.
  TERCET_HD double Uniform() {
    return (Uint64() >> 11) * (1.0 / 9007199254740992.0);
  }
  // Uniform in [a, b).
  TERCET_HD double Uniform(double a, double b) {
    return a + (b - a) * Uniform();
  }
  // Standard normal (Box and Muller).
  TERCET_HD double Gaussian() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
    return radius * std::cos(6.283185307179586476925 * Uniform());
  }
  // Uniform in 0 ... n-1 without bias; n > 0.
  uint64_t Below(uint64_t n) {
    const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    uint64_t draw;
    do {
      draw = Uint64();
    } while (draw >= limit);
    return draw % n;
  }
  bool Bernoulli(double p) { return Uniform() < p; }

  template <typename T>
  void Shuffle(std::vector<T>* items) {
    for (size_t i = items->size(); i > 1; --i) {
      std::swap((*items)[i - 1], (*items)[Below(i)]);
    }
  }

  // The state, for snapshots: seed, stream and the number of words drawn.
  uint64_t seed() const { return seed_; }
  uint64_t stream() const { return stream_; }
  uint64_t position() const { return counter_ * 4 - (4 - used_); }
  TERCET_HD void Seek(uint64_t position) {
    counter_ = position / 4;
    used_ = 4;
    for (uint64_t i = position % 4; i > 0; --i) Uint32();
  }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t counter_ = 0;
  PhiloxBlock block_ = {};
  uint32_t used_ = 4;
};

}  // namespace caffe

#endif  // CAFFE_UTIL_RNG_HPP_
