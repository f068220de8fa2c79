#ifndef TERCET_CORE_SUGGEST_HPP_
#define TERCET_CORE_SUGGEST_HPP_

// The nearest of the names that exist, for messages about a name that does not.
// Pure functions on strings; what the names are (fields, layer types, blobs,
// policies) is the caller's.

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace caffe {

// Edits (insert, delete, replace, swap two neighbours) from a to b, case
// ignored.
inline int EditDistance(const std::string& a, const std::string& b) {
  const int m = static_cast<int>(a.size());
  const int n = static_cast<int>(b.size());
  const auto low = [](char c) {
    return std::tolower(static_cast<unsigned char>(c));
  };
  std::vector<int> before(n + 1), last(n + 1), now(n + 1);
  for (int j = 0; j <= n; ++j) last[j] = j;
  for (int i = 1; i <= m; ++i) {
    now[0] = i;
    for (int j = 1; j <= n; ++j) {
      const bool same = low(a[i - 1]) == low(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + !same});
      if (i > 1 && j > 1 && low(a[i - 1]) == low(b[j - 2]) &&
          low(a[i - 2]) == low(b[j - 1])) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[n];
}

// Up to `most` names of `names` that `word` may have meant, nearest first; none
// where nothing is near (more than a third of the word would have to change, or
// more than two letters of a word of six or fewer). A name that `word` begins,
// or that begins `word`, counts as near.
inline std::vector<std::string> NearestNames(
    const std::string& word, const std::vector<std::string>& names,
    size_t most = 1) {
  if (word.size() > 200) return {};
  const int size = static_cast<int>(word.size());
  const int limit = size <= 3 ? 1 : std::max(2, size / 3);
  std::vector<std::pair<int, std::string>> found;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 200) continue;
    int distance = EditDistance(word, name);
    const bool prefix = std::min(word.size(), name.size()) >= 4 &&
                        (name.compare(0, word.size(), word) == 0 ||
                         word.compare(0, name.size(), name) == 0);
    if (prefix) distance = std::min(distance, limit);
    if (distance <= limit) found.emplace_back(distance, name);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<std::string> out;
  for (size_t i = 0; i < found.size() && i < most; ++i) {
    out.push_back(found[i].second);
  }
  return out;
}

// "; did you mean 'x'?" (or "'x' or 'y'?"), or "" where nothing is near.
inline std::string DidYouMean(const std::string& word,
                              const std::vector<std::string>& names,
                              size_t most = 1) {
  std::string out;
  for (const std::string& name : NearestNames(word, names, most)) {
    out += (out.empty() ? "; did you mean '" : " or '") + name + "'";
  }
  return out.empty() ? out : out + "?";
}

// "a, b, c" with at most `most` names and the count of the others.
inline std::string ListNames(const std::vector<std::string>& names,
                             size_t most = 12) {
  std::string out;
  for (size_t i = 0; i < names.size() && i < most; ++i) {
    out += (i ? ", " : "") + names[i];
  }
  if (names.size() > most) {
    out += " and " + std::to_string(names.size() - most) + " more";
  }
  return out;
}

}  // namespace caffe

#endif  // TERCET_CORE_SUGGEST_HPP_
