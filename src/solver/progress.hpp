// The line that shows how a run gets on, where stderr is a terminal
// (core/status_line.hpp):
//
//   iteration 1200 of 5000, 24 %, 312 images/s, 2:41 left, loss 0.0312
//
// Log lines are the solver's.
#ifndef TERCET_SOLVER_PROGRESS_HPP_
#define TERCET_SOLVER_PROGRESS_HPP_

#include <cstdint>
#include <string>

#include "core/status_line.hpp"

namespace caffe {

class Progress {
 public:
  // Shows nothing unless `shown`.
  explicit Progress(bool shown) : line_(shown) {}

  // Iterations first ... last - 1 come, of so many images each.
  void Start(int first, int last, int64_t images);
  // `done` iterations are over, the last of which took `seconds`.
  void Update(int done, double seconds, double loss);
  // Wipes the line, before something else is printed.
  void Clear() { line_.Clear(); }

  // The line itself: rate in images a second, time left in seconds.
  static std::string Line(int done, int last, double rate, double left,
                          double loss);

 private:
  StatusLine line_;
  int first_ = 0, last_ = 0;
  int64_t images_ = 0;
  // Since the line was last written.
  int recent_iters_ = 0;
  double recent_seconds_ = 0;
  StatusLine::Clock::time_point start_;
};

}  // namespace caffe

#endif  // TERCET_SOLVER_PROGRESS_HPP_
