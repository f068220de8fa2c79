// Items made ahead of time by worker threads and handed over in order. What
// an item is, and how it is made from its number, is the owner's.
#ifndef TERCET_DATA_PREFETCHER_HPP_
#define TERCET_DATA_PREFETCHER_HPP_

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "caffe/check.hpp"

namespace caffe {

// Calls make(number, item) for number = first, first + 1, ... on `threads`
// threads, at most `depth` items ahead of the consumer; items are used again,
// so that their memory is taken once. make is called for several numbers at a
// time, from several threads; what it writes must depend on the number alone,
// and then the order in which threads run does not show.
//
// One thread may call Next and Allow. The destructor waits for the calls of
// make that have begun and drops what is not handed over.
template <typename Item>
class Prefetcher {
 public:
  typedef std::function<void(uint64_t number, Item* item)> Make;

  // end: this number and those after it are not made before Allow says so.
  Prefetcher(Make make, uint64_t first, int threads, int depth,
             uint64_t end = UINT64_MAX)
      : make_(std::move(make)), depth_(depth), slots_(depth + 1),
        next_(first), claim_(first), end_(end) {
    CHECK_GE(threads, 1);
    CHECK_GE(depth, 1);
    for (int i = 0; i < threads; ++i) {
      try {
        threads_.emplace_back([this] { Work(); });
      } catch (const std::system_error&) {
        if (threads_.empty()) throw;
        break;  // fewer threads do the same work
      }
    }
  }

  ~Prefetcher() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    may_claim_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // The numbers below `end` may be made from now on. What was written before
  // the call is seen by make.
  void Allow(uint64_t end) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      end_ = end;
    }
    may_claim_.notify_all();
  }

  // The next item in order, which must be allowed; waits for it. Good until
  // Next is called again. What make threw for it is thrown here, now and by
  // each call after.
  const Item& Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    CHECK_LT(next_, end_);
    Slot& slot = slots_[next_ % slots_.size()];
    is_made_.wait(lock, [&] { return slot.made && slot.number == next_; });
    if (slot.error) std::rethrow_exception(slot.error);
    ++next_;
    lock.unlock();
    may_claim_.notify_one();
    return slot.item;
  }

  // Whether Next would return at once: the item is made, without an error.
  bool IsReady() {
    std::lock_guard<std::mutex> lock(mutex_);
    const Slot& slot = slots_[next_ % slots_.size()];
    return slot.made && slot.number == next_ && !slot.error;
  }

 private:
  struct Slot {
    Item item;
    uint64_t number = 0;
    bool made = false;
    std::exception_ptr error;
  };

  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      // The consumer still reads item next_ - 1, whose slot is the one of
      // next_ + depth_.
      may_claim_.wait(lock, [&] {
        return stop_ || (claim_ < next_ + depth_ && claim_ < end_);
      });
      if (stop_) return;
      const uint64_t number = claim_++;
      Slot& slot = slots_[number % slots_.size()];
      slot.made = false;
      slot.number = number;
      slot.error = nullptr;
      lock.unlock();
      std::exception_ptr error;
      try {
        make_(number, &slot.item);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      slot.error = error;
      slot.made = true;
      is_made_.notify_one();
    }
  }

  const Make make_;
  const uint64_t depth_;
  std::mutex mutex_;  // guards all below but the items being made or read
  std::condition_variable may_claim_, is_made_;
  std::vector<Slot> slots_;
  uint64_t next_;   // the number that Next hands over next
  uint64_t claim_;  // the number that a worker makes next
  uint64_t end_;    // the first number that may not be made yet
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace caffe

#endif  // TERCET_DATA_PREFETCHER_HPP_
