// The command line of a subcommand: its flags, found among those that gflags
// knows, with messages that name the nearest one. What a value means is left
// to the subcommand.
//
// All subcommands are one program and many of their flags have one name, of
// which gflags takes no second. So a flag is defined into a group, and gflags
// is told of the groups of the one subcommand that is run (UseFlags):
//
//   FlagGroup flags;
//   TERCET_FLAG(string, model, "", "the net (prototxt)");
//
// defines the variable FLAGS_model and the flag --model, of the group that goes
// by the name `flags` there.
// The types are gflags': bool, int32_t, int64_t, uint64_t, double, string.
#ifndef TERCET_TOOLS_COMMON_FLAGS_HPP_
#define TERCET_TOOLS_COMMON_FLAGS_HPP_

#include <gflags/gflags.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "caffe/check.hpp"

// Refuses a command line: USAGE_CHECK(n > 0) << "--iterations=0: wanted ...".
#define USAGE_CHECK(condition) \
  if (condition) {             \
  } else /* NOLINT */          \
    TERCET_THROW_(kUsage)

#define TERCET_FLAG(type, name, value, help) \
  type FLAGS_##name = flags.Add<type>(#name, value, help, &FLAGS_##name)

namespace caffe {

class FlagGroup {
 public:
  struct Flag {
    const char* name;
    const char* help;
    std::string standard;               // the default, as it is written
    std::function<void()> tell_gflags;  // once in a process
  };

  // Returns the value, with which `variable` is initialised.
  template <typename T>
  T Add(const char* name, T value, const char* help, T* variable) {
    const auto standard = std::make_shared<T>(value);
    std::ostringstream written;
    written << std::boolalpha << value;
    flags_.push_back({name, help, written.str(), [=] {
      std::string known;  // glog has flags, too
      if (gflags::GetCommandLineOption(name, &known)) return;
      gflags::FlagRegisterer(name, help, "", variable, standard.get());
    }});
    return value;
  }

  const std::vector<Flag>& flags() const { return flags_; }

 private:
  std::vector<Flag> flags_;
};

// From now on the flags of these groups are there.
void UseFlags(const std::vector<const FlagGroup*>& groups);

// Sets every flag given; returns true where help is asked for. Error kUsage:
// an unknown flag, a value that is none of its kind, more than `most_arguments`
// words that are no flags.
bool ParseFlags(int argc, char** argv, int most_arguments);

// The usage and the flags, as `--help` prints them.
std::string HelpText(const std::string& usage);

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

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_FLAGS_HPP_
