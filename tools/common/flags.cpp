// Reading flags by hand: gflags' own parser prints and exits where something
// is wrong, takes flags of other libraries, and keeps only the last value of
// a repeated flag. The values are gflags' to read and to keep.
#include "tools/common/flags.hpp"

#include <map>
#include <utility>

#include "core/decimal_comma.hpp"
#include "core/suggest.hpp"

namespace caffe {
namespace {

using gflags::CommandLineFlagInfo;

std::vector<std::pair<std::string, std::string>>& Given() {
  static std::vector<std::pair<std::string, std::string>> given;
  return given;
}

std::vector<std::string>& Words() {
  static std::vector<std::string> words;
  return words;
}

std::vector<std::string>& Used() {
  static std::vector<std::string> names;
  return names;
}

// The flags that are in use, and nothing of gflags' own or of other libraries.
std::map<std::string, CommandLineFlagInfo> OwnFlags() {
  std::map<std::string, CommandLineFlagInfo> own;
  for (const std::string& name : Used()) {
    own[name] = gflags::GetCommandLineFlagInfoOrDie(name.c_str());
  }
  return own;
}

std::string Nearest(const std::string& name) {
  const std::vector<std::string> near = NearestNames(name, Used());
  return near.empty() ? "" : "; did you mean '--" + near[0] + "'?";
}

const char* Wanted(const std::string& type) {
  if (type == "bool") return "true or false";
  if (type == "double") return "a number";
  if (type == "uint32" || type == "uint64") return "a whole number from 0 up";
  if (type == "int32") return "a whole number of at most 2147483647";
  return "a whole number";
}

// A flag of words that begins as a bool: --flip, --noflip, --flip=concat.
bool MayStandAlone(const CommandLineFlagInfo& flag) {
  return flag.type == "bool" || flag.default_value == "false";
}

void Set(const CommandLineFlagInfo& flag, const std::string& value) {
  // gflags takes "" for 0 and skips blanks; a number is wanted as it stands.
  const bool number = flag.type != "string" && flag.type != "bool";
  const bool shaped =
      !number || (!value.empty() && !std::isspace(static_cast<unsigned char>(
                                        value.front())));
  const bool accepted =
      shaped &&
      !gflags::SetCommandLineOption(flag.name.c_str(), value.c_str()).empty();
  const std::string comma =
      !accepted && flag.type == "double" ? DecimalComma(value) : "";
  USAGE_CHECK(comma.empty()) << "--" << flag.name << "=" << value << ": "
                             << comma;
  USAGE_CHECK(accepted) << "--" << flag.name << "=" << value << ": wanted "
                        << Wanted(flag.type);
  Given().emplace_back(flag.name, value);
}

std::string Before(int count) {
  return count == 1 ? "one is there before it; "
                    : std::to_string(count) + " are there before it; ";
}

void AddWord(const std::string& word, int most) {
  const bool fits = Words().size() < static_cast<size_t>(most);
  USAGE_CHECK(fits)
      << "stray argument '" << word << "' ("
      << (most > 0 ? Before(most) : "")
      << "flags are --name=value; --help lists them)";
  Words().push_back(word);
}

}  // namespace

void UseFlags(const std::vector<const FlagGroup*>& groups) {
  for (const FlagGroup* group : groups) {
    for (const FlagGroup::Flag& flag : group->flags()) {
      flag.tell_gflags();
      Used().push_back(flag.name);
    }
  }
}

bool ParseFlags(int argc, char** argv, int most_arguments) {
  const auto own = OwnFlags();
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--help" || argument == "-help" || argument == "-h") {
      return true;
    }
    if (argument.size() < 2 || argument[0] != '-' || argument == "--") {
      AddWord(argument, most_arguments);
      continue;
    }
    const size_t begin = argument[1] == '-' ? 2 : 1;
    const size_t equals = argument.find('=');
    const bool has_value = equals != std::string::npos;
    std::string name = argument.substr(
        begin, has_value ? equals - begin : std::string::npos);
    auto found = own.find(name);
    std::string value = has_value ? argument.substr(equals + 1) : "true";
    if (found == own.end() && !has_value && name.compare(0, 2, "no") == 0) {
      found = own.find(name.substr(2));
      if (found != own.end() && !MayStandAlone(found->second)) {
        found = own.end();
      }
      value = "false";
    }
    USAGE_CHECK(found != own.end())
        << "unknown flag '--" << name << "'" << Nearest(name)
        << " (--help lists them)";
    if (!has_value && !MayStandAlone(found->second)) {
      USAGE_CHECK(i + 1 < argc) << "--" << name << ": a value is missing";
      value = argv[++i];
    }
    Set(found->second, value);
  }
  return false;
}

std::string HelpText(const std::string& usage) {
  std::string text = "usage: " + usage + "\n";
  if (!Used().empty()) text += "\nFlags:\n";
  for (const auto& entry : OwnFlags()) {
    const CommandLineFlagInfo& flag = entry.second;
    text += "  --" + flag.name;
    if (flag.type == "string") {
      text += "=TEXT";
    } else if (flag.type == "double") {
      text += "=X";
    } else if (flag.type != "bool") {
      text += "=N";
    }
    text += "\n      " + flag.description;
    if (!flag.default_value.empty()) {
      text += " (default " + flag.default_value + ")";
    }
    text += "\n";
  }
  return text;
}

void SetFlag(const std::string& name, const std::string& value) {
  Set(OwnFlags().at(name), value);
}

const std::vector<std::string>& Arguments() { return Words(); }

bool FlagGiven(const std::string& name) { return !FlagValues(name).empty(); }

std::vector<std::string> FlagValues(const std::string& name) {
  std::vector<std::string> values;
  for (const auto& entry : Given()) {
    if (entry.first == name) values.push_back(entry.second);
  }
  return values;
}

void RequireFlag(const std::string& name) {
  const std::vector<std::string> values = FlagValues(name);
  USAGE_CHECK(!values.empty() && !values.back().empty())
      << "--" << name << " is missing (--help lists the flags)";
}

void RequireAtLeast(const std::string& name, int64_t value, int64_t least) {
  USAGE_CHECK(value >= least)
      << "--" << name << "=" << value << ": wanted " << least << " or more";
}

}  // namespace caffe
