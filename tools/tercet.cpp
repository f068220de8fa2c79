// The program: finds the subcommand that is meant, by the first word of the
// command line, or by the name that the program was called by, which may be
// that of a link to it. Here is `help` as well; each of the others is a file
// beside this one.
#include <cstdio>

#include "core/suggest.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {
namespace {

const Command& CommandByName(const std::string& name) {
  const Command* command = FindCommand(name);
  if (command != nullptr) return *command;
  std::vector<std::string> names = {"--help", "--version"};
  for (const Command* known : Commands()) names.push_back(known->name());
  USAGE_CHECK(command != nullptr)
      << "there is no subcommand '" << name << "'" << DidYouMean(name, names)
      << " (tercet --help lists them)";
  return *command;
}

void ListCommands() {
  std::printf(
      "usage: tercet SUBCOMMAND [flags]\n"
      "       tercet help SUBCOMMAND\n"
      "       tercet --version\n\n"
      "Trains, checks and runs face-embedding networks.\n\nSubcommands:\n");
  for (const Command* command : Commands()) {
    std::printf("  %-16s %s\n", command->name().c_str(),
                command->summary().c_str());
  }
}

int Help() {
  if (Arguments().empty()) {
    ListCommands();
  } else {
    CommandByName(Arguments()[0]).PrintHelp();
  }
  return 0;
}

const Command help("help", "lists the subcommands, or the flags of one",
                   "tercet help [SUBCOMMAND]", Help, {}, 1);

int Program(int argc, char** argv) {
  const std::string path = argc > 0 ? argv[0] : "";
  const Command* called = FindCommand(path.substr(path.rfind('/') + 1));
  if (called != nullptr) return called->Run(argc, argv);
  if (argc < 2) return help.Run(argc, argv);
  std::string name = argv[1];
  if (name == "--help" || name == "-help" || name == "-h") name = "help";
  if (name == "--version") name = "version";
  return CommandByName(name).Run(argc - 1, argv + 1);
}

}  // namespace
}  // namespace caffe

int main(int argc, char** argv) {
  return caffe::ToolMain(argc, argv, caffe::Program);
}
