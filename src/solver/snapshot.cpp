// The files of a snapshot; see the header.
#include "solver/snapshot.hpp"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

const char kModelEnding[] = ".caffemodel";
const char kStateEnding[] = ".solverstate";

uint64_t HashState(SolverState state) {
  state.clear_state_hash();
  Hasher hasher;
  const std::string bytes = state.SerializeAsString();
  hasher.Add(bytes.data(), bytes.size());
  return hasher.value();
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
  state.set_state_hash(HashState(state));
  WriteProtoAtomically(path, state);
}

void ReadState(const std::string& path, SolverState* state) {
  ReadSolverState(path, state);
  INPUT_CHECK(!state->has_state_hash() ||
              state->state_hash() == HashState(*state))
      << path << ": is damaged: its hash is not that of its content";
  INPUT_CHECK(state->iter() >= 0)
      << path << ": is damaged: iteration " << state->iter();
}

std::string ReadWeightsOfState(const std::string& path,
                               const SolverState& state,
                               NetParameter* weights) {
  INPUT_CHECK(!state.learned_net().empty())
      << path << ": names no weights (learned_net)";
  std::string file =
      SplitPath(path).first + SplitPath(state.learned_net()).second;
  struct stat status = {};
  if (stat(file.c_str(), &status) != 0 &&
      stat(state.learned_net().c_str(), &status) == 0) {
    file = state.learned_net();
  }
  INPUT_CHECK(stat(file.c_str(), &status) == 0)
      << path << ": its weights, " << file << ", are missing";
  ReadWeights(file, weights);
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
