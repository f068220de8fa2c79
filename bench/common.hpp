// What the benchmarks share: clocks, the middle of several samples, and what
// is said about the machine.
#ifndef BENCH_COMMON_HPP_
#define BENCH_COMMON_HPP_

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

namespace bench {

inline double Seconds(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

// The value below which `share` of the samples lie.
inline double Quantile(std::vector<double> samples, double share) {
  std::sort(samples.begin(), samples.end());
  return samples[static_cast<size_t>(share * (samples.size() - 1) + 0.5)];
}

inline std::string Processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) == 0) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown";
}

inline std::string Date() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

inline std::string Command(int argc, char** argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) {
    command += (i > 0 ? " " : "") + std::string(argv[i]);
  }
  return command;
}

}  // namespace bench

#endif  // BENCH_COMMON_HPP_
