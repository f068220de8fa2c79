// A line on stderr that is written in place. Whoever has one shows it where
// stderr is a terminal (OnTerminal), and a text where one is Due, which is five
// times a second at most.
#ifndef TERCET_CORE_STATUS_LINE_HPP_
#define TERCET_CORE_STATUS_LINE_HPP_

#include <chrono>
#include <cstdint>
#include <string>

namespace caffe {

class StatusLine {
 public:
  using Clock = std::chrono::steady_clock;

  // Shows nothing unless `shown`.
  explicit StatusLine(bool shown) : shown_(shown) {}
  ~StatusLine() { Clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // A fifth of a second goes by before the next text is due.
  void Restart(Clock::time_point now = Clock::now()) { printed_ = now; }
  bool Due(Clock::time_point now = Clock::now()) const;
  // Writes the text, whether or not it is due: as much of it as fits into one
  // line of the terminal.
  void Show(const std::string& text);
  // Wipes the line, before something else is printed.
  void Clear();

  // Whether stderr is a terminal, and the log is not kept to warnings.
  static bool OnTerminal();

 private:
  const bool shown_;
  bool visible_ = false;
  Clock::time_point printed_ = Clock::now();
};

// "0:07", "2:41", "1:02:03".
std::string TimeText(double seconds);

// "image 1200 of 6671, 17 %, 412 images/s, 0:13 left", `seconds` after the
// first one was begun.
std::string ImagesText(int64_t done, int64_t all, double seconds);

}  // namespace caffe

#endif  // TERCET_CORE_STATUS_LINE_HPP_
