// The progress of a run; see the header.
#include "solver/progress.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace caffe {

void Progress::Start(int first, int last, int64_t images) {
  first_ = first;
  last_ = last;
  images_ = images;
  recent_iters_ = 0;
  recent_seconds_ = 0;
  start_ = StatusLine::Clock::now();
  line_.Restart();
}

void Progress::Update(int done, double seconds, double loss) {
  ++recent_iters_;
  recent_seconds_ += seconds;
  if (!line_.Due()) return;
  // What is left takes as long, tests and snapshots included, as what was.
  const double elapsed = std::chrono::duration<double>(
                             StatusLine::Clock::now() - start_).count();
  const double left = elapsed / std::max(1, done - first_) * (last_ - done);
  const double rate =
      images_ * recent_iters_ / std::max(recent_seconds_, 1e-9);
  recent_iters_ = 0;
  recent_seconds_ = 0;
  line_.Show(Line(done, last_, rate, left, loss));
}

std::string Progress::Line(int done, int last, double rate, double left,
                           double loss) {
  char text[160];
  std::snprintf(text, sizeof(text),
                "iteration %d of %d, %d %%, %.*f images/s, %s left, loss %.4g",
                done, last,
                static_cast<int>(100.0 * done / std::max(1, last)),
                rate < 10 ? 1 : 0, rate, TimeText(left).c_str(), loss);
  return text;
}

}  // namespace caffe
