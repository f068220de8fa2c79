// The line that shows how a run gets on, where stderr is a terminal:
//
//   iteration 1200 of 5000, 24 %, 312 images/s, 2:41 left, loss 0.0312
//
// It is written in place, at most five times a second; anywhere else nothing
// is written. Log lines are the solver's.
#ifndef CAFFE_SOLVER_PROGRESS_HPP_
#define CAFFE_SOLVER_PROGRESS_HPP_

#include <chrono>
#include <cstdint>
#include <string>

namespace caffe {

class Progress {
 public:
  // Shows nothing unless `shown`.
  explicit Progress(bool shown) : shown_(shown) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Iterations first ... last - 1 come, of so many images each.
  void Start(int first, int last, int64_t images);
  // `done` iterations are over, the last of which took `seconds`.
  void Update(int done, double seconds, double loss);
  // Wipes the line, before something else is printed.
  void Clear();

  // The line itself: rate in images a second, time left in seconds.
  static std::string Line(int done, int last, double rate, double left,
                          double loss);
  // Whether stderr is a terminal.
  static bool OnTerminal();

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_;
  bool visible_ = false;
  int first_ = 0, last_ = 0;
  int64_t images_ = 0;
  // Since the line was last written.
  int recent_iters_ = 0;
  double recent_seconds_ = 0;
  Clock::time_point start_, printed_;
};

// "0:07", "2:41", "1:02:03".
std::string TimeText(double seconds);

}  // namespace caffe

#endif  // CAFFE_SOLVER_PROGRESS_HPP_
