// The files of a snapshot; see the header.
#include "solver/snapshot.hpp"

#include <dirent.h>
#include <google/protobuf/io/coded_stream.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "core/hasher.hpp"
#include "core/path.hpp"
#include "net/weights.hpp"

namespace caffe {
namespace {

namespace pb = google::protobuf;

const char kModelEnding[] = ".caffemodel";
const char kStateEnding[] = ".solverstate";

// The hash of a state that does not stand in front.
uint64_t HashMessage(SolverState state) {
  state.clear_state_hash();
  Hasher hasher;
  const std::string bytes = state.SerializeAsString();
  hasher.Add(bytes.data(), bytes.size());
  return hasher.value();
}

uint64_t HashBytes(const std::string& before, const std::string& behind) {
  Hasher hasher;
  hasher.Add(before.data(), before.size());
  hasher.Add(behind.data(), behind.size());
  return hasher.value();
}

// Where the hash stands in a file's bytes, if that is behind the iteration.
bool FindHash(const std::string& bytes, size_t* begin, size_t* end) {
  constexpr size_t kMostHead = 64;
  pb::io::CodedInputStream in(
      reinterpret_cast<const uint8_t*>(bytes.data()),
      static_cast<int>(std::min(bytes.size(), kMostHead)));
  uint64_t iter = 0, hash = 0;
  if (in.ReadTag() != SolverState::kIterFieldNumber << 3 ||
      !in.ReadVarint64(&iter)) {
    return false;
  }
  *begin = static_cast<size_t>(in.CurrentPosition());
  if (in.ReadTag() != SolverState::kStateHashFieldNumber << 3 ||
      !in.ReadVarint64(&hash)) {
    return false;
  }
  *end = static_cast<size_t>(in.CurrentPosition());
  return true;
}

uint64_t HashOf(const std::string& path, const SolverState& state) {
  const std::string bytes = ReadFile(path, INT_MAX);
  size_t begin = 0, end = 0;
  if (!FindHash(bytes, &begin, &end)) return HashMessage(state);
  Hasher hasher;
  hasher.Add(bytes.data(), begin);
  hasher.Add(bytes.data() + end, bytes.size() - end);
  return hasher.value();
}

// Fields that Caffe's states lack: with them goes a hash.
bool HasOwnFields(const SolverState& state) {
  return state.has_rng() || state.layer_state_size() > 0 ||
         state.recent_loss_size() > 0 || state.has_weights_hash() ||
         state.has_random_seed() || state.has_solver_type() ||
         state.cudnn_choice_size() > 0 || state.has_doctor() ||
         state.history_of_size() > 0 || state.test_net_size() > 0;
}

// Whether a name leads to below the working folder, by its text.
bool IsBelow(const std::string& path) {
  if (path.empty() || path[0] == '/') return false;
  const std::string slashed = "/" + path + "/";
  return slashed.find("/../") == std::string::npos;
}

bool Exists(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0;
}

std::vector<std::string> NamesInFolder(const std::string& folder) {
  std::vector<std::string> names;
  DIR* open = opendir(folder.empty() ? "." : folder.c_str());
  if (open == nullptr) return names;
  while (const dirent* entry = readdir(open)) names.push_back(entry->d_name);
  closedir(open);
  return names;
}

bool StartsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// The number that `text` is from `begin` to `end`; -1 where it is none.
int64_t NumberIn(const std::string& text, size_t begin, size_t end) {
  if (begin >= end || end - begin > 10) return -1;
  for (size_t i = begin; i < end; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
  }
  return std::strtoll(text.substr(begin, end - begin).c_str(), nullptr, 10);
}

}  // namespace

std::string ModelFileName(const std::string& prefix, int iter) {
  return prefix + "_iter_" + std::to_string(iter) + kModelEnding;
}

std::string StateFileName(const std::string& prefix, int iter) {
  return prefix + "_iter_" + std::to_string(iter) + kStateEnding;
}

std::vector<std::string> FindStates(const std::string& prefix) {
  const auto path = SplitPath(prefix);
  const std::string start = path.second + "_iter_";
  const size_t ending = std::strlen(kStateEnding);
  std::vector<std::pair<int64_t, std::string>> found;
  for (const std::string& name : NamesInFolder(path.first)) {
    if (!StartsWith(name, start) || name.size() < start.size() + ending ||
        name.compare(name.size() - ending, ending, kStateEnding) != 0) {
      continue;
    }
    const int64_t iter =
        NumberIn(name, start.size(), name.size() - ending);
    if (iter >= 0) found.emplace_back(iter, path.first + name);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> states;
  for (const auto& entry : found) states.push_back(entry.second);
  return states;
}

void RemoveStates(const std::string& prefix, int first, int last) {
  for (int iter = first; iter <= last; ++iter) {
    unlink(StateFileName(prefix, iter).c_str());
  }
}

void WriteState(const std::string& path, SolverState state) {
  SolverState iter, hash;
  iter.set_iter(state.iter());
  const std::string head = iter.SerializeAsString();
  state.clear_iter();
  state.clear_state_hash();
  const size_t bytes = state.ByteSizeLong();
  INPUT_CHECK(bytes <= INT_MAX - 64)
      << path << ": cannot be written: " << bytes
      << " bytes, and the format holds less than 2 GiB";
  const std::string body = state.SerializeAsString();
  hash.set_state_hash(HashBytes(head, body));
  const std::string mark = hash.SerializeAsString();
  WriteFileAtomically(path, [&](int fd) {
    for (const std::string* part : {&head, &mark, &body}) {
      if (!WriteAll(fd, part->data(), static_cast<int64_t>(part->size()))) {
        return false;
      }
    }
    return true;
  });
}

void ReadState(const std::string& path, SolverState* state) {
  ReadSolverState(path, state);
  INPUT_CHECK(state->has_state_hash() || !HasOwnFields(*state))
      << path << ": is truncated: it ends before its hash";
  INPUT_CHECK(!state->has_state_hash() ||
              state->state_hash() == HashOf(path, *state))
      << path << ": is damaged or truncated: its hash is not that of its "
                 "content";
  INPUT_CHECK(state->iter() >= 0)
      << path << ": is damaged: iteration " << state->iter();
}

std::string ReadWeightsOfState(const std::string& path,
                               const SolverState& state,
                               NetParameter* weights) {
  const std::string& named = state.learned_net();
  INPUT_CHECK(!named.empty()) << path << ": names no weights (learned_net)";
  std::string file = SplitPath(path).first + SplitPath(named).second;
  if (!Exists(file) && IsBelow(named) && Exists(named)) file = named;
  INPUT_CHECK(Exists(file))
      << path << ": its weights, " << SplitPath(named).second
      << ", are missing: they belong beside it";
  ReadWeights(file, weights);
  INPUT_CHECK(state.has_state_hash() || !weights->has_layer_count())
      << path << ": is truncated: it ends before its hash";
  INPUT_CHECK(!state.has_weights_hash() ||
              state.weights_hash() == HashWeights(*weights))
      << path << ": the weights in " << file
      << " are not those that it was written with";
  return file;
}

void RemoveLeftovers(const std::string& prefix) {
  const auto path = SplitPath(prefix);
  for (const std::string& name : NamesInFolder(path.first)) {
    const size_t mark = name.rfind(".tmp");
    if (!StartsWith(name, path.second + "_iter_") ||
        mark == std::string::npos) {
      continue;
    }
    const int64_t pid = NumberIn(name, mark + 4, name.size());
    // Only what belongs to no process that lives.
    if (pid > 0 && kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) {
      unlink((path.first + name).c_str());
    }
  }
}

}  // namespace caffe
