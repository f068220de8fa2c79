// The progress line; see the header.
#include "caffe/solver/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace caffe {

void Progress::Start(int first, int last, int64_t images) {
  first_ = first;
  last_ = last;
  images_ = images;
  recent_iters_ = 0;
  recent_seconds_ = 0;
  start_ = printed_ = Clock::now();
}

void Progress::Update(int done, double seconds, double loss) {
  if (!shown_) return;
  ++recent_iters_;
  recent_seconds_ += seconds;
  const Clock::time_point now = Clock::now();
  if (now - printed_ < std::chrono::milliseconds(200)) return;
  printed_ = now;
  // What is left takes as long, tests and snapshots included, as what was.
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double left = elapsed / std::max(1, done - first_) * (last_ - done);
  const double rate =
      images_ * recent_iters_ / std::max(recent_seconds_, 1e-9);
  recent_iters_ = 0;
  recent_seconds_ = 0;
  // The cursor goes back to the start, so that a log line covers this one.
  std::fprintf(stderr, "\r%s\033[K\r",
               Line(done, last_, rate, left, loss).c_str());
  std::fflush(stderr);
  visible_ = true;
}

void Progress::Clear() {
  if (!visible_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  visible_ = false;
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

bool Progress::OnTerminal() { return isatty(STDERR_FILENO) != 0; }

std::string TimeText(double seconds) {
  const int64_t s = static_cast<int64_t>(
      std::min(std::max(seconds, 0.0), 1e9) + 0.5);
  char text[64];
  if (s < 3600) {
    std::snprintf(text, sizeof(text), "%d:%02d", static_cast<int>(s / 60),
                  static_cast<int>(s % 60));
  } else {
    std::snprintf(text, sizeof(text), "%d:%02d:%02d",
                  static_cast<int>(s / 3600), static_cast<int>(s / 60 % 60),
                  static_cast<int>(s % 60));
  }
  return text;
}

}  // namespace caffe
