// The line that is written in place; see the header.
#include "core/status_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "caffe/check.hpp"
#include "core/text_width.hpp"

namespace caffe {

namespace {

// A line that is as wide as the terminal would leave the cursor on the next.
int Columns() {
  constexpr int kUnknown = 80;
  struct winsize size;
  const bool known =
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kUnknown) - 1;
}

}  // namespace

bool StatusLine::Due(Clock::time_point now) const {
  return shown_ && now - printed_ >= std::chrono::milliseconds(200);
}

void StatusLine::Show(const std::string& text) {
  if (!shown_) return;
  // The cursor goes back to the start, so that a log line covers this one.
  std::fprintf(stderr, "\r%s\033[K\r", CutToWidth(text, Columns()).c_str());
  std::fflush(stderr);
  visible_ = true;
  Restart();
}

void StatusLine::Clear() {
  if (!visible_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  visible_ = false;
}

bool StatusLine::OnTerminal() {
  return isatty(STDERR_FILENO) != 0 && FLAGS_minloglevel <= google::GLOG_INFO;
}

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

std::string ImagesText(int64_t done, int64_t all, double seconds) {
  const double rate = done / std::max(seconds, 1e-9);
  const double left = (all - done) / std::max(rate, 1e-9);
  char text[160];
  std::snprintf(text, sizeof(text),
                "image %lld of %lld, %d %%, %.*f images/s, %s left",
                static_cast<long long>(done),  // NOLINT(runtime/int)
                static_cast<long long>(all),   // NOLINT(runtime/int)
                static_cast<int>(100.0 * done / std::max<int64_t>(1, all)),
                rate < 10 ? 1 : 0, rate, TimeText(left).c_str());
  return text;
}

}  // namespace caffe
