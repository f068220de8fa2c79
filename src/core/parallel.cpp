// The OpenMP side of core/parallel.hpp: how many threads a loop gets,
// and carrying an exception out of a parallel region.
#include "core/parallel.hpp"

#include <omp.h>

#include "caffe/common.hpp"

namespace caffe {
namespace internal {

int NumThreadsFor(int64_t n, int64_t work_per_item) {
  if (omp_in_parallel()) return 1;
  const int64_t work = n * std::max<int64_t>(work_per_item, 1);
  if (work < kParallelGrain) return 1;
  return static_cast<int>(
      std::min<int64_t>({n, work / (kParallelGrain / 2), Caffe::threads()}));
}

void RunTasks(int count, int threads, void (*task)(void* context, int index),
              void* context) {
  std::exception_ptr error;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int i = 0; i < count; ++i) {
    try {
      task(context, i);
    } catch (...) {
#pragma omp critical(caffe_run_tasks)
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace internal
}  // namespace caffe
