// The command line of a tool: flags found among those that gflags knows, with
// messages that name the nearest flag. Used by tool_main.cpp alone.
#ifndef TERCET_TOOLS_COMMON_FLAGS_HPP_
#define TERCET_TOOLS_COMMON_FLAGS_HPP_

#include <string>

namespace caffe {

// Sets every flag given; returns true where help is asked for. Error kUsage:
// an unknown flag, a value that is none of its kind, more than `most_arguments`
// words that are no flags (Arguments() in tool_main.hpp).
bool ParseFlags(int argc, char** argv, int most_arguments);

// The usage and the tool's flags, as `--help` prints them.
std::string HelpText(const std::string& usage);

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_FLAGS_HPP_
