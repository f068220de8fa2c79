// Stands in for CUDA's header of this name in the build that runs the GPU code
// on the host: copies from device memory into shared memory that a thread
// starts, and waits for later.
#ifndef TERCET_TEST_CUDA_HOST_CUDA_PIPELINE_H_
#define TERCET_TEST_CUDA_HOST_CUDA_PIPELINE_H_

#include <cstddef>

// size is 4, 8 or 16, and both addresses are multiples of it.
void __pipeline_memcpy_async(void* to, const void* from, size_t size);
// Ends a batch of copies.
void __pipeline_commit();
// Waits for all but the last `batches` that were ended.
void __pipeline_wait_prior(int batches);

#endif  // TERCET_TEST_CUDA_HOST_CUDA_PIPELINE_H_
