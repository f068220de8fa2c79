// Scripts for gnuplot, and gnuplot run on them without a shell.
#include "tools/evaluate/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "core/text.hpp"

extern char** environ;

namespace caffe {
namespace {

constexpr char kMissing[] =
    "plots want the program gnuplot, and none is on PATH (Debian's package is "
    "gnuplot-nox; scripts/setup installs it)";
// Complaints are a few lines.
constexpr size_t kMostComplaint = 1 << 14;

// What a program left behind.
struct Ended {
  int start_error = 0;    // an errno where it could not be started
  int status = 0;         // as waitpid gives it
  std::string complaint;  // from stderr
};

// The actions of posix_spawn, freed at the end of the scope.
struct SpawnActions {
  SpawnActions() { CHECK_EQ(0, posix_spawn_file_actions_init(&value)); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&value); }
  posix_spawn_file_actions_t value;
};

// All that comes out of `fd`, of which the first kMostComplaint are kept.
std::string ReadToEnd(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < kMostComplaint) text.append(buffer, got);
  }
}

// Runs gnuplot in `folder` with neither input nor output.
Ended RunGnuplot(const std::string& folder,
                 const std::vector<std::string>& arguments) {
  std::string program = "gnuplot";
  std::vector<std::string> words = arguments;
  std::vector<char*> argv = {&program[0]};
  for (std::string& word : words) argv.push_back(&word[0]);
  argv.push_back(nullptr);

  int pipe_ends[2];
  INPUT_CHECK(pipe2(pipe_ends, O_CLOEXEC) == 0)
      << "gnuplot: " << strerror(errno);
  SpawnActions actions;
  posix_spawn_file_actions_addopen(&actions.value, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions.value, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.value, pipe_ends[1], 2);
  posix_spawn_file_actions_addchdir_np(&actions.value, folder.c_str());

  Ended ended;
  pid_t child = 0;
  ended.start_error = posix_spawnp(&child, program.c_str(), &actions.value,
                                   nullptr, argv.data(), environ);
  close(pipe_ends[1]);
  if (ended.start_error == 0) {
    ended.complaint = ReadToEnd(pipe_ends[0]);
    while (waitpid(child, &ended.status, 0) < 0 && errno == EINTR) {
    }
  }
  close(pipe_ends[0]);
  return ended;
}

// The message proper of what gnuplot prints, in one line: it repeats the line
// of the script first, and points at the word; the message begins with the
// script's name in quotes.
std::string OneLine(const std::string& complaint) {
  std::istringstream lines(complaint);
  std::string message, last;
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    last = line.substr(begin);
    if (message.empty() && last[0] != '"') continue;
    message += (message.empty() ? "" : "; ") + last;
  }
  return message.empty() ? last : message;
}

void CheckEnd(const Ended& ended, const std::string& script) {
  INPUT_CHECK(ended.start_error != ENOENT) << kMissing;
  INPUT_CHECK(ended.start_error == 0)
      << "gnuplot cannot be started: " << strerror(ended.start_error);
  if (WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 0) return;
  std::ostringstream how;
  if (WIFSIGNALED(ended.status)) {
    how << "was ended by signal " << WTERMSIG(ended.status);
  } else {
    how << "failed with code " << WEXITSTATUS(ended.status);
  }
  const std::string message = OneLine(ended.complaint);
  INPUT_FAIL() << script << ": gnuplot " << how.str()
               << (message.empty() ? "" : ": ") << message;
}

// Gnuplot does not look whether the disk took what it wrote.
void CheckWhole(const std::string& path, const std::string& end) {
  constexpr int64_t kTail = 32;
  const InputFile file(path);
  std::string tail(std::min(file.size(), kTail), '\0');
  file.SeekTo(file.size() - static_cast<int64_t>(tail.size()));
  file.Read(&tail[0], static_cast<int64_t>(tail.size()));
  INPUT_CHECK(tail.find(end) != std::string::npos)
      << path << ": gnuplot wrote only a part of it; is the disk full?";
}

// Ranges of the letters that some installed font has, as fontconfig tells;
// without its program what the usual fonts have.
std::vector<std::pair<int32_t, int32_t>> LettersOfFonts() {
  std::vector<std::pair<int32_t, int32_t>> ranges;
  FILE* const pipe = popen("fc-list : charset 2>/dev/null", "r");
  if (pipe != nullptr) {
    std::string text;
    char buffer[4096];
    while (const size_t got = fread(buffer, 1, sizeof(buffer), pipe)) {
      text.append(buffer, got);
    }
    pclose(pipe);
    for (char& c : text) {
      if (c == ':' || c == '=') c = ' ';
    }
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      char* end = nullptr;
      const long first = std::strtol(word.c_str(), &end, 16);  // NOLINT
      long last = first;                                       // NOLINT
      if (*end == '-') last = std::strtol(end + 1, &end, 16);
      if (*end == '\0') ranges.emplace_back(first, last);
    }
  }
  if (ranges.empty()) ranges = {{0x20, 0x24f}, {0x370, 0x52f}};
  return ranges;
}

// The text with a question mark for each letter that no font has: what would be
// drawn for it runs over its neighbours.
std::string Drawable(const std::string& text, std::string* first_missing,
                     int64_t* missing) {
  static const std::vector<std::pair<int32_t, int32_t>> fonts =
      LettersOfFonts();
  std::string drawn;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const int32_t letter = NextLetter(text, &at);
    const bool has =
        letter < 0x80 || std::any_of(fonts.begin(), fonts.end(), [=](auto& r) {
          return letter >= r.first && letter <= r.second;
        });
    if (has) {
      drawn.append(text, begin, at - begin);
      continue;
    }
    if ((*missing)++ == 0) *first_missing = text.substr(begin, at - begin);
    drawn += '?';
  }
  return drawn;
}

// The lines of `settings` that are drawn otherwise, and the command that draws:
// `replot` where nothing is.
std::string PngPart(const GnuplotPicture& picture) {
  std::string first;
  int64_t missing = 0;
  std::istringstream lines(picture.settings);
  std::string part;
  for (std::string line; std::getline(lines, line);) {
    const std::string drawn = Drawable(line, &first, &missing);
    if (drawn != line) part += drawn + "\n";
  }
  const std::string plot = Drawable(picture.plot, &first, &missing);
  part += plot == picture.plot ? "replot" : plot;
  if (missing > 0) {
    LOG(WARNING) << picture.name << ".png: no font has " << missing
                 << " of its letters, the first: " << first
                 << "; a ? stands for each, and " << picture.name
                 << ".svg has them";
  }
  return part;
}

std::string ScriptOf(const GnuplotPicture& picture) {
  const std::string font =
      " font 'sans-serif," + std::to_string(picture.font_size) + "'";
  const int scale = picture.png_scale;
  std::ostringstream script;
  script << "# Draws " << picture.name << ".svg and " << picture.name
         << ".png: gnuplot " << picture.name << ".gp\n"
         << "set encoding utf8\n"
         << picture.settings << "set terminal svg size " << picture.width << ','
         << picture.height << " dynamic standalone rounded" << font
         << " background '#ffffff'\n"
         << "set output '" << picture.name << ".svg'\n"
         << picture.plot << "\n"
         << "set terminal pngcairo size " << scale * picture.width << ','
         << scale * picture.height << " rounded" << font << " fontscale "
         << scale << " linewidth " << scale << " pointscale " << scale
         << " background '#ffffff'\n"
         << "set output '" << picture.name << ".png'\n"
         << PngPart(picture) << "\n"
         << "set output\n";
  return script.str();
}

}  // namespace

void CheckGnuplot() { CheckEnd(RunGnuplot("/", {"--version"}), "--version"); }

void MakePictureFolder(const std::string& folder) {
  struct stat info;
  const bool made = mkdir(folder.c_str(), 0777) == 0;
  const int error = errno;
  INPUT_CHECK(made ||
              (stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode)))
      << folder << ": cannot make this folder: " << strerror(error);
  INPUT_CHECK(access(folder.c_str(), W_OK | X_OK) == 0)
      << folder << ": cannot write into this folder: " << strerror(errno);
}

void DrawWithGnuplot(const std::string& folder, const GnuplotPicture& picture) {
  const std::string stem = folder + "/" + picture.name;
  std::remove((stem + ".svg").c_str());
  std::remove((stem + ".png").c_str());
  WriteFileAtomically(stem + ".gp", ScriptOf(picture));
  CheckEnd(RunGnuplot(folder, {"-d", picture.name + ".gp"}), stem + ".gp");
  CheckWhole(stem + ".svg", "</svg>");
  CheckWhole(stem + ".png", "IEND");
}

std::string GnuplotQuote(const std::string& text) {
  std::string quoted = "'";
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const int32_t letter = NextLetter(text, &at);
    if (letter < 0x20 || letter == 0x7f) {
      quoted += '?';
    } else if (letter == '\'') {
      quoted += "''";
    } else {
      quoted.append(text, begin, at - begin);
    }
  }
  return quoted + "'";
}

std::string ShortNumber(double value, int digits) {
  char text[64];
  const int length = snprintf(text, sizeof(text), "%#.*g", digits, value);
  // A whole number would end in a point.
  return std::string(text, text[length - 1] == '.' ? length - 1 : length);
}

}  // namespace caffe
