// The threads of parallel loops. A loop is cut into pieces, and whoever is free
// takes the next one: the caller from the front, the workers from the back. A
// caller never waits for a worker that has not begun a piece; it does the
// pieces itself. Who waits spins for a moment and then sleeps, and where the
// machine proves busy it sleeps at once, so that others have the core. How a
// loop is cut is left to core/parallel.hpp.
#ifndef TERCET_CORE_THREAD_POOL_HPP_
#define TERCET_CORE_THREAD_POOL_HPP_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace caffe {

class ThreadPool {
 public:
  // Does one piece of a loop. `slot` is below the loop's number of threads,
  // and no two pieces of a loop that are done at one time have the same.
  using Task = void (*)(void* context, int piece, int slot);

  static constexpr int kMostPieces = 0xffff;
  static constexpr int kMostThreads = 4096;

  // The pool of the process. Its workers are started by the first loop that
  // wants them, and stay until the process ends. A child made by fork() has no
  // workers of its parent, and begins with a pool of its own.
  static ThreadPool& OfProcess();

  // Whether the calling thread is in a piece of a loop of several threads.
  static bool InLoop();

  // For tests: each worker calls at_start before it looks for work.
  explicit ThreadPool(std::function<void()> at_start = nullptr);
  ~ThreadPool();  // no loop may be under way

  // Calls task(context, i, slot) for i = 0 ... pieces-1, on up to `threads`
  // threads, the calling one with slot 0 among them; returns when all are
  // done. What a piece throws is thrown here again, when no piece is under way
  // any more; of several the first in order. Any thread may call it at any
  // time: in a loop, or while another thread's loop has the workers, the
  // calling thread does the pieces alone. `pieces` is at most kMostPieces.
  // long_pieces: workers that sleep are woken before the first piece; else the
  // first one shows whether that is worth it.
  void Run(int pieces, int threads, bool long_pieces, Task task,
           void* context);

 private:
  using Clock = std::chrono::steady_clock;

  struct Worker {
    std::atomic<bool> asleep{false};
    bool ending = false;  // guarded by mutex
    std::mutex mutex;
    std::condition_variable woken;
    std::thread thread;
  };

  // A loop as a worker sees it.
  struct Loop {
    Task task;
    void* context;
    int threads;
  };

  // The caller's side.
  void StartWorkers(int count);
  void Publish(int pieces, const Loop& loop);
  bool TakeFront(int* piece);
  int DoOwnPieces(const Loop& loop, bool woken, Clock::duration* longest);
  void Wake(int workers);
  void AwaitWorkers(int pieces, Clock::duration longest);

  // A worker's side.
  void Work(int index, Worker* worker);
  bool HasPieceFor(int index) const;
  bool TakeBack(int index, Loop* loop, int* piece);
  void Finished();
  bool AwaitPiece(int index, Worker* worker);

  void DoPiece(const Loop& loop, int piece, int slot);
  bool Busy() const;
  void FoundBusy();
  template <typename Ready>
  bool Spin(Clock::duration patience, const Ready& ready);

  const std::function<void()> at_start_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<bool> taken_{false};  // a caller has the workers
  Clock::duration missed_{0};  // of short loops since someone was woken

  // The loop. The fields change only while no piece of claims_ is free, so
  // that who reads them and then gets a piece has read those of that piece.
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int> threads_{0};
  // The number of the loop, and which of its pieces are free: 32 bits of
  // number, 16 of the first, 16 of the end.
  alignas(64) std::atomic<uint64_t> claims_{0};
  alignas(64) std::atomic<int> finished_{0};  // pieces that workers have done
  std::atomic<bool> caller_asleep_{false};
  std::atomic<int64_t> busy_until_{0};  // ticks of Clock
  std::mutex caller_mutex_;
  std::condition_variable caller_woken_;
  std::mutex error_mutex_;
  std::exception_ptr error_;
  int error_piece_ = 0;
};

}  // namespace caffe

#endif  // TERCET_CORE_THREAD_POOL_HPP_
