// What every tool shares: reading the command line, turning errors into one
// line and an exit code, and keeping the log on stderr. What a tool does is
// left to its run().
//
// A tool defines its flags with gflags (DEFINE_string(model, "", "help")) in
// its own .cpp under tools/, and its main is
//
//   int main(int argc, char** argv) {
//     return ToolMain(argc, argv, "train --solver=F [flags]", Run);
//   }
//
// `--help` prints the usage and the flags on stdout and exits with 0. Any
// error is one line on stderr, `error: <message>`, and nothing else: what is
// logged while a tool sets itself up is held back until ReleaseLog(), and
// dropped if the tool fails before. Exit codes: 0 done, 1 bad input or a
// failed run, 2 bad command line, 3 no such device, 70 a bug of ours.
#ifndef TERCET_TOOLS_COMMON_TOOL_MAIN_HPP_
#define TERCET_TOOLS_COMMON_TOOL_MAIN_HPP_

#include <gflags/gflags.h>

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "core/split_list.hpp"

// Refuses a command line: USAGE_CHECK(n > 0) << "--iterations=0: wanted ...".
#define USAGE_CHECK(condition) \
  if (condition) {             \
  } else /* NOLINT */          \
    TERCET_THROW_(kUsage)

namespace caffe {

// Reads the flags, calls run(), returns the exit code; never throws. `usage`
// is the first line of the help; more lines may follow it. `most_arguments` is
// how many words that are no flags may stand on the command line.
int ToolMain(int argc, char** argv, const std::string& usage, int (*run)(),
             int most_arguments = 0);

// Everything is set up: prints what was logged so far, and each later line at
// once. Called by itself when run() returns.
void ReleaseLog();

// Whether the command line names the flag, and each value it gave, in order
// (gflags itself keeps the last).
bool FlagGiven(const std::string& name);
std::vector<std::string> FlagValues(const std::string& name);

// The words of the command line that are no flags, in order.
const std::vector<std::string>& Arguments();

// Sets a flag as the command line would; Error kUsage for a value that is none.
void SetFlag(const std::string& name, const std::string& value);

// Error kUsage where the flag is not given or empty; or its value too small.
void RequireFlag(const std::string& name);
void RequireAtLeast(const std::string& name, int64_t value, int64_t least);

// --threads=N (0: as the machine has), --gpu=N (-1: the CPU), --layers=A,B:
// what most tools have in common. An empty list loads nothing.
void UseThreads(int threads);
void UseGpu(int device);
void LoadLayerLibraries(const std::string& paths);

// A text in quotes, as JSON has it.
std::string JsonString(const std::string& text);

// Prints the BLAS kernels in use, and warns where the environment forces
// slower ones than the processor has.
void LogBlasCore();

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_TOOL_MAIN_HPP_
