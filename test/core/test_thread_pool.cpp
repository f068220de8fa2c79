// The pool: each piece once, by threads with slots of their own; a caller that
// waits for no worker without a core; errors, nesting, several callers, fork.
#include "core/thread_pool.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "caffe/common.hpp"
#include "core/parallel.hpp"

#if defined(__SANITIZE_THREAD__)
#define TERCET_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TERCET_TSAN 1
#endif
#endif

namespace caffe {
namespace {

#ifdef TERCET_TSAN
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

template <typename F>
void RunLoop(ThreadPool* pool, int pieces, int threads, const F& f) {
  pool->Run(
      pieces, threads, false,
      [](void* context, int piece, int slot) {
        (*static_cast<const F*>(context))(piece, slot);
      },
      const_cast<F*>(&f));
}

// Opens once, for all.
class PoolGate {
 public:
  void Open() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

class ThreadsKept : public testing::Test {
 protected:
  ~ThreadsKept() override { Caffe::set_threads(before_); }
  const int before_ = Caffe::threads();
};
using ThreadPoolTest = ThreadsKept;
using ParallelTest = ThreadsKept;

TEST_F(ThreadPoolTest, EachPieceOnceInASlotOfItsOwn) {
  ThreadPool pool;
  for (int threads : {1, 2, 5, 3}) {
    for (int pieces : {0, 1, 2, 7, 1000, ThreadPool::kMostPieces}) {
      std::vector<std::atomic<int>> done(pieces), inside(threads);
      std::atomic<bool> shared{false};
      RunLoop(&pool, pieces, threads, [&](int piece, int slot) {
        if (inside[slot]++ != 0) shared = true;
        ++done[piece];
        --inside[slot];
      });
      EXPECT_FALSE(shared);
      for (int i = 0; i < pieces; ++i) ASSERT_EQ(done[i], 1) << i;
    }
  }
}

TEST_F(ThreadPoolTest, WorkersHaveSlotsOfTheirOwn) {
  ThreadPool pool;
  std::atomic<int> inside[4] = {};
  std::atomic<bool> shared{false};
  RunLoop(&pool, 200, 4, [&](int, int slot) {
    if (inside[slot]++ != 0) shared = true;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    --inside[slot];
  });
  EXPECT_FALSE(shared);
}

// Loops so short that workers come late to most of them.
TEST_F(ThreadPoolTest, ManyShortLoops) {
  ThreadPool pool;
  int64_t sum = 0;
  for (int loop = 0; loop < 20000; ++loop) {
    int parts[4] = {};
    RunLoop(&pool, 4, 3, [&](int piece, int) { parts[piece] = piece + loop; });
    for (int part : parts) sum += part;
  }
  EXPECT_EQ(sum, 4 * int64_t{20000} * 19999 / 2 + 6 * 20000);
}

TEST_F(ThreadPoolTest, SleepingWorkersAreWokenForLongLoops) {
  ThreadPool pool;
  PoolGate worker_began;
  RunLoop(&pool, 2, 2, [&](int, int slot) {
    slot == 1 ? worker_began.Open() : worker_began.Wait();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  PoolGate worker_came;
  RunLoop(&pool, 1000, 2, [&](int piece, int slot) {
    if (slot == 1) worker_came.Open();
    if (piece == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (piece == 1) worker_came.Wait();  // hangs if nobody wakes it
  });
}

// As if the system gave the workers no core.
TEST_F(ThreadPoolTest, ACallerDoesNotWaitForWorkersThatHaveNotBegun) {
  PoolGate gate;
  {
    ThreadPool pool([&] { gate.Wait(); });
    for (int loop = 0; loop < 100; ++loop) {
      std::vector<int> slots(50, -1);
      RunLoop(&pool, 50, 4, [&](int piece, int slot) { slots[piece] = slot; });
      EXPECT_EQ(slots, std::vector<int>(50, 0));
    }
    gate.Open();
  }
}

TEST_F(ThreadPoolTest, ACallerWaitsForPiecesThatHaveBegun) {
  ThreadPool pool;
  for (int loop = 0; loop < 20; ++loop) {
    std::atomic<int> done{0};
    RunLoop(&pool, 8, 2, [&](int, int slot) {
      std::this_thread::sleep_for(std::chrono::microseconds(slot * 700 + 100));
      ++done;
    });
    EXPECT_EQ(done, 8);
  }
}

TEST_F(ThreadPoolTest, AnErrorReachesTheCaller) {
  ThreadPool pool;
  for (int threads : {1, 3}) {
    for (int bad : {0, 17, 39}) {
      try {
        RunLoop(&pool, 40, threads, [&](int piece, int) {
          if (piece >= bad) throw std::runtime_error(std::to_string(piece));
        });
        ADD_FAILURE() << "no error";
      } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(), std::to_string(bad));
      }
      std::atomic<int> done{0};  // the pool is as good as before
      RunLoop(&pool, 40, threads, [&](int, int) { ++done; });
      EXPECT_EQ(done, 40);
    }
  }
}

TEST_F(ThreadPoolTest, ALoopInALoopStaysOnItsThread) {
  ThreadPool pool;
  std::atomic<int> done{0};
  EXPECT_FALSE(ThreadPool::InLoop());
  RunLoop(&pool, 20, 3, [&](int, int) {
    const std::thread::id self = std::this_thread::get_id();
    EXPECT_TRUE(ThreadPool::InLoop());
    RunLoop(&pool, 20, 3, [&](int, int slot) {
      EXPECT_EQ(slot, 0);
      EXPECT_EQ(std::this_thread::get_id(), self);
      ++done;
    });
  });
  EXPECT_FALSE(ThreadPool::InLoop());
  EXPECT_EQ(done, 400);
}

TEST_F(ThreadPoolTest, SeveralCallersAtOnce) {
  ThreadPool pool;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&pool, caller] {
      for (int loop = 0; loop < 500; ++loop) {
        std::vector<int> out(64);
        RunLoop(&pool, 64, 3, [&](int i, int) { out[i] = i * caller + loop; });
        for (int i = 0; i < 64; ++i) ASSERT_EQ(out[i], i * caller + loop);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// The thread sanitizer allows a child of many threads no threads.
TEST_F(ThreadPoolTest, AChildOfForkHasAPoolOfItsOwn) {
  if (kThreadSanitizer) GTEST_SKIP() << "under the thread sanitizer";
  Caffe::set_threads(2);
  const auto sum = [] {
    std::atomic<int64_t> total{0};
    ParallelFor(1 << 20, 1, [&](int64_t begin, int64_t end) {
      total += end - begin;
    });
    return total.load();
  };
  ASSERT_EQ(sum(), 1 << 20);
  const ThreadPool* const parents = &ThreadPool::OfProcess();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    const bool own = &ThreadPool::OfProcess() != parents;
    _exit(own && sum() == 1 << 20 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(ParallelTest, EachIndexOnceForAnyNumberOfThreads) {
  for (int threads : {1, 2, 3, 5, 2, 1}) {
    Caffe::set_threads(threads);
    for (int64_t n : {1, 2, 3, 63, 100001}) {
      std::vector<std::atomic<int>> ranges(n), items(n);
      ParallelFor(n, 1 << 20, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++ranges[i];
      });
      ParallelItems(n, n << 20, [&](int64_t i, int slot) {
        EXPECT_LT(slot, threads);
        ++items[i];
      });
      for (int64_t i = 0; i < n; ++i) {
        ASSERT_EQ(ranges[i], 1) << i;
        ASSERT_EQ(items[i], 1) << i;
      }
    }
  }
}

TEST_F(ParallelTest, SmallWorkStaysOnTheCallersThread) {
  Caffe::set_threads(4);
  int calls = 0;
  ParallelFor(kParallelGrain - 1, 1, [&](int64_t, int64_t) { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST_F(ParallelTest, SumsHaveTheSameBitsForAnyNumberOfThreads) {
  const int64_t n = 1000003;
  std::vector<float> x(n);
  for (int64_t i = 0; i < n; ++i) x[i] = 1.f / static_cast<float>(i % 977 + 1);
  const auto sum = [&](int threads) {
    Caffe::set_threads(threads);
    return ParallelSum<float>(n, [&](int64_t begin, int64_t end) {
      float part = 0;
      for (int64_t i = begin; i < end; ++i) part += x[i];
      return part;
    });
  };
  const float one = sum(1);
  for (int threads : {2, 3, 5}) {
    const float more = sum(threads);
    EXPECT_EQ(std::memcmp(&one, &more, sizeof(one)), 0) << threads;
  }
}

// As many long pieces as threads: the caller once did them all, for it woke no
// one before it had done one.
TEST_F(ThreadsKept, LongPiecesFindTheOthersAwake) {
  Caffe::set_threads(2);
  constexpr int64_t kLong = int64_t{1} << 30;  // operations
  ParallelFor(2, kLong, [](int64_t, int64_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // all sleep
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0;
  bool together = true;
  ParallelFor(2, kLong, [&](int64_t, int64_t) {
    std::unique_lock<std::mutex> lock(mutex);
    ++begun;
    changed.notify_all();
    together &= changed.wait_for(lock, std::chrono::seconds(20),
                                 [&] { return begun == 2; });
  });
  EXPECT_TRUE(together);
}

}  // namespace
}  // namespace caffe
