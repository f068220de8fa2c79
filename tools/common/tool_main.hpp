// What every subcommand shares: a place on the list of all, the command line
// (flags.hpp), errors as one line and an exit code, and the log on stderr. What
// a subcommand does is left to its run().
//
// tools/NAME.cpp is the subcommand NAME: it defines its flags and, at its end,
//
//   const Command command("train", "trains a net",
//                         "tercet train --solver=F [flags]", Run,
//                         {&flags, &threads_flag});
//
// `--help` prints the usage and the flags on stdout and exits with 0. Any
// error is one line on stderr, `error: <message>`, and nothing else: what is
// logged while a tool sets itself up is held back until ReleaseLog(), and
// dropped if the tool fails before. --quiet and --minloglevel=N, which every
// subcommand has, keep the log to warnings or errors. Exit codes: 0 done, 1 bad
// input or a failed run, 2 bad command line, 3 no such device, 70 a bug of
// ours.
#ifndef TERCET_TOOLS_COMMON_TOOL_MAIN_HPP_
#define TERCET_TOOLS_COMMON_TOOL_MAIN_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "core/split_list.hpp"
#include "tools/common/flags.hpp"

namespace caffe {

class Command {
 public:
  // Puts itself on the list. `summary` is its line in `tercet --help`; `usage`
  // begins its own help, and more lines may follow the first. `most_arguments`
  // is how many words that are no flags may stand on the command line.
  Command(const char* name, const char* summary, const char* usage,
          int (*run)(), std::vector<const FlagGroup*> flags = {},
          int most_arguments = 0);

  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  bool Takes(const FlagGroup& flags) const;

  // argv[0] stands for its name. Once in a process, as PrintHelp.
  int Run(int argc, char** argv) const;
  void PrintHelp() const;

 private:
  std::string name_, summary_, usage_;
  int (*run_)();
  std::vector<const FlagGroup*> flags_;
  int most_arguments_;
};

// All of them, by name; null where there is none of this name.
std::vector<const Command*> Commands();
const Command* FindCommand(const std::string& name);

// Calls program(argc, argv), returns the exit code; never throws.
int ToolMain(int argc, char** argv, int (*program)(int, char**));

// Everything is set up: prints what was logged so far, and each later line at
// once. Called by itself when run() returns.
void ReleaseLog();

// --threads=N (0: as the machine has), --gpu=N (-1: the CPU), --layers=A,B:
// what most tools have in common. An empty list loads nothing.
extern FlagGroup threads_flag, gpu_flag, layers_flag;
extern int32_t FLAGS_threads, FLAGS_gpu;
extern std::string FLAGS_layers;
void UseThreads(int threads);
void UseGpu(int device);
void LoadLayerLibraries(const std::string& paths);

// What was called, as a shell would take it again: "tercet train --solver=F".
const std::string& CommandLine();

// A text in quotes, as JSON has it; what is no UTF-8 in it becomes U+FFFD.
std::string JsonString(const std::string& text);

// Prints the BLAS kernels in use, and warns where the environment forces
// slower ones than the processor has.
void LogBlasCore();

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_TOOL_MAIN_HPP_
