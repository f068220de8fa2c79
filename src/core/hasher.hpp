// The hash that guards snapshots and thresholds: of strings of bytes, one after
// the other. It finds damage and mistakes; it is no defence against intent.
//
// h = 0xcbf29ce484222325; for each 8 bytes of a string, as a little-endian
// number w, the last ones filled up with zeros: h = (h ^ w) * 0x100000001b3,
// h ^= h >> 32; at last the string's length, in the same way.
#ifndef TERCET_CORE_HASHER_HPP_
#define TERCET_CORE_HASHER_HPP_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace caffe {

class Hasher {
 public:
  void Add(const void* data, size_t size) {
    const char* bytes = static_cast<const char*>(data);
    size_t left = size;
    for (; left >= 8; left -= 8, bytes += 8) AddWord(bytes, 8);
    if (left > 0) AddWord(bytes, left);
    Mix(size);
  }
  uint64_t value() const { return value_; }

 private:
  // The machines that this runs on are little-endian, as protobuf's format.
  void AddWord(const char* bytes, size_t size) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, size);
    Mix(word);
  }
  void Mix(uint64_t word) {
    value_ = (value_ ^ word) * 0x100000001b3u;
    value_ ^= value_ >> 32;
  }

  uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace caffe

#endif  // TERCET_CORE_HASHER_HPP_
