// Handing out pieces, waiting, and starting the workers.
#include "core/thread_pool.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

namespace caffe {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// How long a worker looks for the next loop before it sleeps. To wake it takes
// up to 100 us on a virtual machine, which this makes few per cent.
constexpr milliseconds kWorkerPatience(2);
// Least and most that a caller looks whether the workers' last pieces are
// done, before it sleeps.
constexpr microseconds kLeastCallerPatience(10);
constexpr microseconds kMostCallerPatience(200);
// To wake a worker costs its caller some microseconds; this much work must be
// left for it, or else so much have been done without it in shorter loops.
constexpr microseconds kWorthWaking(40);
constexpr microseconds kMostMissed(200);
// Who spins longer lets others have the core in between.
constexpr microseconds kSpinAlone(10);
// A pause this long between two looks: someone else had the core.
constexpr microseconds kLostCore(300);
// How long workers do not spin then, and a caller as little as it may.
constexpr milliseconds kBusyTime(50);
// Looks between two looks at the clock: about a microsecond.
constexpr int kLooks = 16;

thread_local bool in_loop = false;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

constexpr uint64_t kOneOfFirst = 1 << 16;
int FirstOf(uint64_t claims) { return claims >> 16 & 0xffff; }
int EndOf(uint64_t claims) { return claims & 0xffff; }

std::atomic<ThreadPool*> process_pool{nullptr};

// The parent's workers are not in the child, and its locks may be held; so the
// child leaves that pool as it is.
void ForgetPool() {
  process_pool.store(nullptr, std::memory_order_relaxed);
}

}  // namespace

// Never destroyed: workers may look at it until the process is gone.
ThreadPool& ThreadPool::OfProcess() {
  ThreadPool* pool = process_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  static const int registered = pthread_atfork(nullptr, nullptr, ForgetPool);
  static_cast<void>(registered);
  ThreadPool* const made = new ThreadPool;
  if (process_pool.compare_exchange_strong(pool, made)) return *made;
  delete made;
  return *pool;
}

bool ThreadPool::InLoop() { return in_loop; }

ThreadPool::ThreadPool(std::function<void()> at_start)
    : at_start_(std::move(at_start)) {}

ThreadPool::~ThreadPool() {
  for (const auto& worker : workers_) {
    {
      std::lock_guard<std::mutex> lock(worker->mutex);
      worker->ending = true;
    }
    worker->woken.notify_one();
    worker->thread.join();
  }
}

void ThreadPool::Run(int pieces, int threads, bool long_pieces, Task task,
                     void* context) {
  threads = std::min({threads, pieces, kMostThreads});
  if (threads <= 1 || in_loop || taken_.exchange(true)) {
    for (int i = 0; i < pieces; ++i) task(context, i, 0);
    return;
  }
  const Loop loop = {task, context, threads};
  StartWorkers(threads - 1);
  Publish(pieces, loop);
  if (long_pieces) Wake(threads - 1);
  Clock::duration longest{0};
  const int own = DoOwnPieces(loop, long_pieces, &longest);
  if (own < pieces) AwaitWorkers(pieces - own, longest);
  std::exception_ptr error;
  std::swap(error, error_);
  taken_.store(false);
  if (error) std::rethrow_exception(error);
}

// Where the system gives no more threads, those that there are do it.
void ThreadPool::StartWorkers(int count) {
  try {
    workers_.reserve(std::max<size_t>(workers_.size(), count));
    while (static_cast<int>(workers_.size()) < count) {
      const int index = static_cast<int>(workers_.size());
      auto worker = std::make_unique<Worker>();
      Worker* const place = worker.get();
      worker->thread = std::thread([=] { Work(index, place); });
      workers_.push_back(std::move(worker));
    }
  } catch (const std::exception&) {
  }
}

void ThreadPool::Publish(int pieces, const Loop& loop) {
  task_.store(loop.task, std::memory_order_relaxed);
  context_.store(loop.context, std::memory_order_relaxed);
  threads_.store(loop.threads, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  const uint64_t number =
      (claims_.load(std::memory_order_relaxed) >> 32) + 1;
  claims_.store(number << 32 | static_cast<uint64_t>(pieces));
}

bool ThreadPool::TakeFront(int* piece) {
  uint64_t claims = claims_.load(std::memory_order_relaxed);
  do {
    *piece = FirstOf(claims);
    if (*piece == EndOf(claims)) return false;
  } while (!claims_.compare_exchange_weak(claims, claims + kOneOfFirst));
  return true;
}

// Returns how many it did. Sleeping workers, unless they are `woken` already,
// are woken as soon as a piece has shown that what is left is worth it; and
// where the machine is not busy they are woken for the loops that may follow,
// if there were many short ones.
int ThreadPool::DoOwnPieces(const Loop& loop, bool woken,
                            Clock::duration* longest) {
  in_loop = true;
  int own = 0;
  const Clock::time_point start = Clock::now();
  Clock::time_point before = start;
  for (int piece; TakeFront(&piece); ++own) {
    DoPiece(loop, piece, 0);
    const Clock::time_point now = Clock::now();
    const Clock::duration took = now - before;
    before = now;
    *longest = std::max(*longest, took);
    if (woken) continue;
    const uint64_t claims = claims_.load(std::memory_order_relaxed);
    const int64_t worth =
        took * (EndOf(claims) - FirstOf(claims)) / kWorthWaking;
    woken = worth > 0;
    Wake(static_cast<int>(std::min<int64_t>(worth, loop.threads - 1)));
  }
  in_loop = false;
  missed_ = woken ? Clock::duration::zero() : missed_ + (before - start);
  if (missed_ > kMostMissed) {
    missed_ = Clock::duration::zero();
    if (!Busy()) Wake(loop.threads - 1);
  }
  return own;
}

void ThreadPool::Wake(int workers) {
  workers = std::min(workers, static_cast<int>(workers_.size()));
  for (int i = 0; i < workers; ++i) {
    Worker* const worker = workers_[i].get();
    if (!worker->asleep.load()) continue;
    {
      std::lock_guard<std::mutex> lock(worker->mutex);
      worker->asleep = false;
    }
    worker->woken.notify_one();
  }
}

// Waits until workers have done so many pieces, all of which they have begun.
void ThreadPool::AwaitWorkers(int pieces, Clock::duration longest) {
  const auto ready = [&] { return finished_.load() == pieces; };
  const Clock::duration patience =
      Busy() ? Clock::duration(kLeastCallerPatience)
             : std::clamp<Clock::duration>(2 * longest, kLeastCallerPatience,
                                           kMostCallerPatience);
  if (Spin(patience, ready)) return;
  const Clock::time_point before = Clock::now();
  {
    std::unique_lock<std::mutex> lock(caller_mutex_);
    caller_asleep_ = true;
    caller_woken_.wait(lock, ready);
    caller_asleep_ = false;
  }
  // A piece of this loop takes less, where its worker has a core. (Who did none
  // does not know what one takes.)
  if (longest > Clock::duration::zero() &&
      Clock::now() - before > 4 * longest + kLostCore) {
    FoundBusy();
  }
}

void ThreadPool::Work(int index, Worker* worker) {
  if (at_start_) at_start_();
  in_loop = true;
  do {
    Loop loop;
    for (int piece; TakeBack(index, &loop, &piece);) {
      DoPiece(loop, piece, index + 1);
      Finished();
    }
  } while (AwaitPiece(index, worker));
}

bool ThreadPool::HasPieceFor(int index) const {
  const uint64_t claims = claims_.load();
  return FirstOf(claims) < EndOf(claims) &&
         index + 1 < threads_.load(std::memory_order_relaxed);
}

// The piece is got only if claims_ is what it was before the loop was read, so
// the loop is that of the piece.
bool ThreadPool::TakeBack(int index, Loop* loop, int* piece) {
  uint64_t claims = claims_.load();
  do {
    if (FirstOf(claims) == EndOf(claims)) return false;
    *loop = {task_.load(std::memory_order_relaxed),
             context_.load(std::memory_order_relaxed),
             threads_.load(std::memory_order_relaxed)};
    if (index + 1 >= loop->threads) return false;
  } while (!claims_.compare_exchange_weak(claims, claims - 1));
  *piece = EndOf(claims) - 1;
  return true;
}

// From here on the loop may be gone, but for what the pool has of it.
void ThreadPool::Finished() {
  finished_.fetch_add(1);
  if (!caller_asleep_.load()) return;
  { std::lock_guard<std::mutex> lock(caller_mutex_); }
  caller_woken_.notify_one();
}

// False: the pool ends.
bool ThreadPool::AwaitPiece(int index, Worker* worker) {
  const auto ready = [&] { return HasPieceFor(index); };
  if (!Busy() && Spin(kWorkerPatience, ready)) return true;
  std::unique_lock<std::mutex> lock(worker->mutex);
  worker->asleep = true;
  if (ready()) worker->asleep = false;  // it came before anyone could see that
  worker->woken.wait(
      lock, [&] { return worker->ending || !worker->asleep.load(); });
  return !worker->ending;
}

void ThreadPool::DoPiece(const Loop& loop, int piece, int slot) {
  try {
    loop.task(loop.context, piece, slot);
  } catch (...) {
    std::lock_guard<std::mutex> lock(error_mutex_);
    if (error_ && error_piece_ < piece) return;
    error_ = std::current_exception();
    error_piece_ = piece;
  }
}

bool ThreadPool::Busy() const {
  return Clock::now().time_since_epoch().count() <
         busy_until_.load(std::memory_order_relaxed);
}

void ThreadPool::FoundBusy() {
  const Clock::time_point until = Clock::now() + kBusyTime;
  busy_until_.store(until.time_since_epoch().count(),
                    std::memory_order_relaxed);
}

// Whether it is ready, after at most this long.
template <typename Ready>
bool ThreadPool::Spin(Clock::duration patience, const Ready& ready) {
  const Clock::time_point start = Clock::now();
  for (Clock::time_point last = start;;) {
    for (int i = 0; i < kLooks; ++i) {
      if (ready()) return true;
      Pause();
    }
    const Clock::time_point now = Clock::now();
    if (now - last > kLostCore) {
      FoundBusy();
      return ready();
    }
    if (now - start > patience) return false;
    last = now;
    if (now - start > kSpinAlone) sched_yield();
  }
}

}  // namespace caffe
