// The emulated device's memory: an arena that is closed to every access but
// inside of a kernel or a call of the runtime, so that host code which follows
// a device pointer ends the program as it would on a machine with a GPU. New
// memory is full of NaN. Under the address sanitizer each allocation has
// poisoned borders; otherwise what lies behind it is checked when it is freed.
#ifndef TERCET_TEST_CUDA_HOST_DEVICE_MEMORY_HPP_
#define TERCET_TEST_CUDA_HOST_DEVICE_MEMORY_HPP_

#include <cstddef>

namespace cuda_host {

// 8 GiB, or as many bytes as TERCET_CUDA_HOST_BYTES says, if fewer.
size_t DeviceBytes();

// Null where no room is left.
void* Allocate(size_t size);
// False where the pointer is not that of an allocation.
bool Free(void* pointer);
size_t UsedBytes();
// Whether the address lies in the arena, and whether in a live allocation of
// it with `size` bytes from there on.
bool IsDevice(const void* pointer);
bool Contains(const void* pointer, size_t size);

// Opens the arena while it lives, for what the default stream does. May be
// nested.
class OpenDevice {
 public:
  OpenDevice();
  ~OpenDevice();
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;
};

// The copies of other streams that the default stream has to wait for.
void RunAwaitedCopies();

[[noreturn]] void Fail(const char* message);

}  // namespace cuda_host

#endif  // TERCET_TEST_CUDA_HOST_DEVICE_MEMORY_HPP_
