// The arena of device_memory.hpp.
#include "device_memory.hpp"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace cuda_host {

namespace {

// Behind each allocation; also what keeps the next one aligned.
constexpr size_t kBorder = 256;
constexpr unsigned char kBorderByte = 0xA5;
constexpr size_t kPage = 4096;
constexpr size_t kArenaBytes = size_t{8} << 30;
// As of cudaMalloc; every float and double of it is NaN.
constexpr unsigned char kFreshByte = 0xFF;

size_t RoomFor(size_t size) {
  return (size + kBorder - 1) / kBorder * kBorder + kBorder;
}

struct Arena {
  char* base = nullptr;
  size_t top = 0;   // the page where the last allocation ends
  size_t used = 0;  // bytes in live allocations
  int open = 0;
  std::map<char*, size_t> live;

  Arena() {
    void* mapped = mmap(nullptr, kArenaBytes, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) { Fail("no address space for the device"); }
    base = static_cast<char*>(mapped);
  }
  // Gives back what lies behind the last allocation, lest opening and closing
  // walk over it.
  void Shrink() {
    size_t end = 0;
    if (!live.empty()) {
      end = live.rbegin()->first + RoomFor(live.rbegin()->second) - base;
      end = (end + kPage - 1) / kPage * kPage;
    }
    if (end >= top) { return; }
    madvise(base + end, top - end, MADV_DONTNEED);
    mprotect(base + end, top - end, PROT_NONE);
    top = end;
  }
  void Protect(int protection) {
    if (top != 0) { mprotect(base, top, protection); }
  }
};

Arena& arena() {
  static Arena* const instance = new Arena;
  return *instance;
}

// The first gap with this much room, or null.
char* FindRoom(const Arena& a, size_t room) {
  char* gap = a.base;
  for (const auto& one : a.live) {
    if (static_cast<size_t>(one.first - gap) >= room) { return gap; }
    gap = one.first + RoomFor(one.second);
  }
  return gap + room <= a.base + kArenaBytes ? gap : nullptr;
}

void CheckBorder(const char* pointer, size_t size) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(pointer);
  for (size_t i = size; i < RoomFor(size); ++i) {
    if (bytes[i] != kBorderByte) {
      Fail("a kernel wrote behind the end of its device memory");
    }
  }
}

}  // namespace

void Fail(const char* message) {
  std::fprintf(stderr, "cuda_host: %s\n", message);
  std::abort();
}

size_t DeviceBytes() {
  static const size_t bytes = [] {
    const char* const wanted = std::getenv("TERCET_CUDA_HOST_BYTES");
    return wanted ? std::min<size_t>(std::atoll(wanted), kArenaBytes)
                  : kArenaBytes;
  }();
  return bytes;
}

void* Allocate(size_t size) {
  Arena& a = arena();
  if (size > DeviceBytes() - std::min(a.used, DeviceBytes())) {
    return nullptr;
  }
  const size_t room = RoomFor(size);
  char* const pointer = FindRoom(a, room);
  if (pointer == nullptr) { return nullptr; }
  const size_t end = (pointer - a.base + room + kPage - 1) / kPage * kPage;
  if (end > a.top) {
    if (a.open > 0) { mprotect(a.base, end, PROT_READ | PROT_WRITE); }
    a.top = end;
  }
  const OpenDevice open;
  ASAN_UNPOISON_MEMORY_REGION(pointer, room);
  std::memset(pointer, kFreshByte, size);
  std::memset(pointer + size, kBorderByte, room - size);
  ASAN_POISON_MEMORY_REGION(pointer + size, room - size);
  a.live[pointer] = size;
  a.used += size;
  return pointer;
}

bool Free(void* pointer) {
  Arena& a = arena();
  const auto found = a.live.find(static_cast<char*>(pointer));
  if (found == a.live.end()) { return false; }
  const size_t size = found->second;
  const OpenDevice open;
  ASAN_UNPOISON_MEMORY_REGION(pointer, RoomFor(size));
  CheckBorder(found->first, size);
  ASAN_POISON_MEMORY_REGION(pointer, RoomFor(size));
  a.live.erase(found);
  a.used -= size;
  a.Shrink();
  return true;
}

size_t UsedBytes() { return arena().used; }

bool IsDevice(const void* pointer) {
  const Arena& a = arena();
  const char* const p = static_cast<const char*>(pointer);
  return p >= a.base && p < a.base + kArenaBytes;
}

bool Contains(const void* pointer, size_t size) {
  Arena& a = arena();
  char* const p = const_cast<char*>(static_cast<const char*>(pointer));
  auto after = a.live.upper_bound(p);
  if (after == a.live.begin()) { return false; }
  --after;
  return p + size <= after->first + after->second;
}

OpenDevice::OpenDevice() {
  if (arena().open++ > 0) { return; }
  arena().Protect(PROT_READ | PROT_WRITE);
  RunAwaitedCopies();
}

OpenDevice::~OpenDevice() {
  if (--arena().open == 0) { arena().Protect(PROT_NONE); }
}

}  // namespace cuda_host
