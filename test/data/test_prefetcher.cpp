// The prefetcher: order, bounds, errors, and an end at any moment.

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

#include "data/prefetcher.hpp"

namespace caffe {

namespace {

// Lets threads overtake each other.
void SleepALittle(uint64_t number) {
  std::this_thread::sleep_for(std::chrono::microseconds(number * 7919 % 400));
}

}  // namespace

TEST(PrefetcherTest, ItemsComeInOrderForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 7}) {
    for (const int depth : {1, 2, 5}) {
      Prefetcher<uint64_t> prefetcher(
          [](uint64_t number, uint64_t* item) {
            SleepALittle(number);
            *item = number * number;
          },
          3, threads, depth);
      for (uint64_t number = 3; number < 60; ++number) {
        ASSERT_EQ(number * number, prefetcher.Next());
      }
    }
  }
}

TEST(PrefetcherTest, AnItemStaysUntilTheNextIsAskedFor) {
  Prefetcher<std::vector<uint64_t>> prefetcher(
      [](uint64_t number, std::vector<uint64_t>* item) {
        item->assign(1000, number);
      },
      0, 4, 2);
  for (uint64_t number = 0; number < 50; ++number) {
    const std::vector<uint64_t>& item = prefetcher.Next();
    SleepALittle(number);
    for (const uint64_t value : item) ASSERT_EQ(number, value);
  }
}

TEST(PrefetcherTest, NeverMoreAheadThanItsDepth) {
  std::atomic<uint64_t> begun(0);
  Prefetcher<int> prefetcher([&](uint64_t, int*) { ++begun; }, 0, 3, 4);
  for (uint64_t consumed = 1; consumed < 6; ++consumed) {
    prefetcher.Next();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_LE(begun, consumed + 4);
  }
  EXPECT_EQ(9u, begun);
}

TEST(PrefetcherTest, AnErrorComesInItsTurnAndStays) {
  Prefetcher<uint64_t> prefetcher(
      [](uint64_t number, uint64_t* item) {
        if (number >= 5) {
          throw std::runtime_error("item " + std::to_string(number));
        }
        SleepALittle(number);
        *item = number;
      },
      0, 3, 4);
  for (uint64_t number = 0; number < 5; ++number) {
    EXPECT_EQ(number, prefetcher.Next());
  }
  for (int again = 0; again < 3; ++again) {
    try {
      prefetcher.Next();
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ("item 5", error.what());
    }
  }
}

TEST(PrefetcherTest, EndsAtAnyMoment) {
  for (int consumed = 0; consumed < 20; ++consumed) {
    std::atomic<int> running(0);
    {
      Prefetcher<int> prefetcher(
          [&](uint64_t number, int*) {
            ++running;
            SleepALittle(number);
            --running;
          },
          0, 4, 3);
      for (int i = 0; i < consumed; ++i) prefetcher.Next();
    }
    EXPECT_EQ(0, running);
  }
}

// What is not allowed is not begun, however many threads wait for it.
TEST(PrefetcherTest, NothingIsMadeBeforeItIsAllowed) {
  for (const int threads : {1, 3}) {
    std::atomic<uint64_t> most(0);
    std::vector<int> told(1, 0);  // written between Allow and Allow
    Prefetcher<int> prefetcher(
        [&](uint64_t number, int* item) {
          for (uint64_t seen = most; seen < number;) {
            most.compare_exchange_weak(seen, number);
          }
          *item = told[0];
        },
        5, threads, 8, 5);
    for (uint64_t end = 5; end < 30; end += 5) {
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
      EXPECT_LT(most.load(), end);
      EXPECT_THROW(prefetcher.Next(), Error);
      EXPECT_FALSE(prefetcher.IsReady());
      told[0] = static_cast<int>(end);
      prefetcher.Allow(end + 5);
      for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(static_cast<int>(end), prefetcher.Next());
      }
    }
  }
}

}  // namespace caffe
