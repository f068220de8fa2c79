// The frame around a subcommand's run(): the log, the errors, the exit code.
#include "tools/common/tool_main.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <google/protobuf/stubs/common.h>
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <new>
#include <sstream>
#include <utility>

#include "caffe/common.hpp"
#include "caffe/util/math_functions.hpp"
#include "core/cpu.hpp"
#include "core/text.hpp"

namespace caffe {
namespace {

// Takes what glog would have printed; holds it until it is released.
class HeldLog : public google::LogSink {
 public:
  void send(google::LogSeverity severity, const char*, const char* file,
            int line, const google::LogMessageTime& time, const char* message,
            size_t length) override {
    const std::string text =
        ToString(severity, file, line, time, message, length) + "\n";
    std::lock_guard<std::mutex> lock(mutex_);
    if (released_) {
      Print(text);
    } else {
      held_ += text;
    }
  }

  void Release() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!released_ && !held_.empty()) Print(held_);
    released_ = true;
    held_.clear();
  }

 private:
  static void Print(const std::string& text) {
    static const bool terminal = isatty(STDERR_FILENO) != 0;
    // A progress line may stand there: its rest is wiped.
    if (terminal) std::fputs("\033[K", stderr);
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  std::mutex mutex_;
  std::string held_;
  bool released_ = false;
};

HeldLog& Log() {
  static HeldLog* log = new HeldLog;  // outlives every static that may log
  return *log;
}

// glog's own outputs off (no files, nothing on stderr): ours instead. Protobuf
// has a log of its own on stderr, with lines about bytes that are no UTF-8 in
// builds without NDEBUG; what matters of it is an Error here.
void StartLog(const char* program) {
#if GOOGLE_PROTOBUF_VERSION < 4022000
  google::protobuf::SetLogHandler(nullptr);
#endif
  google::InitGoogleLogging(program);
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");
  }
  FLAGS_logtostderr = false;
  FLAGS_alsologtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  google::AddLogSink(&Log());
}

// A closed stdin, stdout or stderr would give its number to the next file that
// is opened, and the log would end up in a snapshot. They are opened here so
// that nothing can be read or written through them.
void HoldStandardFiles() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    const int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", flags) < 0) return;
  }
}

// A message has the length of what it quotes, which a file may make endless.
std::string Shortened(const std::string& message) {
  constexpr size_t kMost = 4000, kEnd = 1000;
  if (message.size() <= kMost) return message;
  return message.substr(0, kMost - kEnd) + " ... " +
         message.substr(message.size() - kEnd);
}

int Fail(const std::string& message, int exit_code) {
  std::string line = "error: " + Shortened(message);
  // Names from files may hold anything; the error is one line all the same.
  for (char& c : line) {
    if ((c >= 0 && c < ' ') || c == 127) c = ' ';
  }
  while (line.back() == ' ') line.pop_back();
  if (isatty(STDERR_FILENO)) line = "\033[K" + line;
  std::fprintf(stderr, "%s\n", line.c_str());
  return exit_code;
}

// In no order; a function's own, since subcommands put themselves on it before
// main begins.
std::vector<const Command*>& List() {
  static std::vector<const Command*> list;
  return list;
}

}  // namespace

namespace {

FlagGroup log_flags;
bool FLAGS_quiet = log_flags.Add<bool>(
    "quiet", false, "log warnings and errors alone, and no progress",
    &FLAGS_quiet);
int32_t FLAGS_minloglevel_here = log_flags.Add<int32_t>(
    "minloglevel", 0, "log from here on: 0 all, 1 warnings, 2 errors alone",
    &FLAGS_minloglevel_here);

// --minloglevel is glog's own flag where glog was built with gflags.
void SetLogLevel() {
  if (FlagGiven("minloglevel")) {
    std::string value;
    gflags::GetCommandLineOption("minloglevel", &value);
    const int level = std::stoi(value);
    USAGE_CHECK(level >= 0 && level <= google::GLOG_ERROR)
        << "--minloglevel=" << level << ": wanted 0, 1 or 2";
    FLAGS_minloglevel = level;
  }
  if (FLAGS_quiet) {
    FLAGS_minloglevel = std::max<int>(FLAGS_minloglevel, google::GLOG_WARNING);
  }
}

std::string JoinCommandLine(const std::string& name, int argc, char** argv) {
  std::string line = "tercet " + name;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain =
        !word.empty() &&
        word.find_first_of(" \t\n'\"\\$`&|;<>()*?[]#~!") == std::string::npos;
    if (plain) {
      line += " " + word;
      continue;
    }
    line += " '";
    for (const char c : word) line += c == '\'' ? "'\\''" : std::string(1, c);
    line += "'";
  }
  return line;
}

std::string& GivenCommand() {
  static std::string line;
  return line;
}

}  // namespace

FlagGroup threads_flag, gpu_flag, layers_flag;
int32_t FLAGS_threads = threads_flag.Add<int32_t>(
    "threads", 0, "CPU threads; 0: as many as the cores that it may use",
    &FLAGS_threads);
int32_t FLAGS_gpu = gpu_flag.Add<int32_t>(
    "gpu", -1, "run on this CUDA device; -1: on the CPU", &FLAGS_gpu);
std::string FLAGS_layers = layers_flag.Add<std::string>(
    "layers", "", "shared libraries with further layers, between commas",
    &FLAGS_layers);

Command::Command(const char* name, const char* summary, const char* usage,
                 int (*run)(), std::vector<const FlagGroup*> flags,
                 int most_arguments)
    : name_(name),
      summary_(summary),
      usage_(usage),
      run_(run),
      flags_(std::move(flags)),
      most_arguments_(most_arguments) {
  List().push_back(this);
}

bool Command::Takes(const FlagGroup& flags) const {
  return std::find(flags_.begin(), flags_.end(), &flags) != flags_.end();
}

int Command::Run(int argc, char** argv) const {
  UseFlags(flags_);
  UseFlags({&log_flags});
  if (ParseFlags(argc, argv, most_arguments_)) {
    std::fputs(HelpText(usage_).c_str(), stdout);
    return 0;
  }
  SetLogLevel();
  GivenCommand() = JoinCommandLine(name_, argc, argv);
  return run_();
}

void Command::PrintHelp() const {
  UseFlags(flags_);
  UseFlags({&log_flags});
  std::fputs(HelpText(usage_).c_str(), stdout);
}

std::vector<const Command*> Commands() {
  std::vector<const Command*> sorted = List();
  std::sort(sorted.begin(), sorted.end(),
            [](const Command* a, const Command* b) {
              return a->name() < b->name();
            });
  return sorted;
}

const Command* FindCommand(const std::string& name) {
  for (const Command* command : List()) {
    if (command->name() == name) return command;
  }
  return nullptr;
}

int ToolMain(int argc, char** argv, int (*program)(int, char**)) {
  HoldStandardFiles();
  signal(SIGXFSZ, SIG_IGN);  // a file over the limit is an error, not the end
  StartLog(argv[0]);
  try {
    BestIsa();  // refuses what TERCET_ISA may not be, whatever is asked for
    UseBestBlasCore();
    const int exit_code = program(argc, argv);
    ReleaseLog();
    const bool printed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    INPUT_CHECK(printed) << "standard output cannot be written";
    return exit_code;
  } catch (const Error& error) {
    return Fail(error.what(), error.exit_code());
  } catch (const std::bad_alloc&) {
    return Fail("out of memory", Error::kInput);
  } catch (const std::exception& error) {
    return Fail(std::string("unexpected: ") + error.what(), Error::kContract);
  }
}

void ReleaseLog() { Log().Release(); }

void UseThreads(int threads) {
  RequireAtLeast("threads", threads, 0);
  USAGE_CHECK(threads <= 4096)
      << "--threads=" << threads << ": wanted 4096 or less";
  if (threads > 0) Caffe::set_threads(threads);
}

void UseGpu(int device) {
  if (!FlagGiven("gpu")) return;
  RequireAtLeast("gpu", device, 0);
  try {
    Caffe::SetDevice(device);
    Caffe::set_mode(Caffe::GPU);
  } catch (const Error& error) {
    throw error.At("--gpu=" + std::to_string(device));
  }
}

void LoadLayerLibraries(const std::string& paths) {
  for (const std::string& path : SplitList(paths)) {
    // A name without a slash would be looked for in the system's folders.
    const std::string file =
        path.find('/') == std::string::npos ? "./" + path : path;
    if (dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char* reason = dlerror();
      INPUT_FAIL() << path << ": cannot be loaded as a library of layers: "
                   << (reason != nullptr ? reason : "no reason is known");
    }
  }
}

const std::string& CommandLine() { return GivenCommand(); }

std::string JsonString(const std::string& text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const int32_t c = NextLetter(text, &at);
    if (c < 0) {
      out += "\\ufffd";
    } else if (c < 32 || c == 127) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x",
                    static_cast<unsigned>(c));
      out += escape;
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out.append(text, begin, at - begin);
    }
  }
  return out + "\"";
}

void LogBlasCore() {
  LOG(INFO) << "BLAS kernels: " << BlasCoreName() << ", " << Caffe::threads()
            << (Caffe::threads() == 1 ? " thread" : " threads");
  if (BlasCoreIsForced()) {
    LOG(WARNING) << "OPENBLAS_CORETYPE forces the BLAS kernels to "
                 << BlasCoreName()
                 << ", which may be less than this processor has: unset it";
  }
}

}  // namespace caffe
