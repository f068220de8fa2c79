// Breaks text at its blanks.
#include "tools/inspect/wrap.hpp"

namespace caffe {

std::string Wrapped(const std::string& text, const std::string& first,
                    const std::string& rest) {
  constexpr size_t kColumns = 80;
  std::string lines, line = first, word;
  bool quoted = false, begun = false;
  const auto add = [&] {
    if (word.empty()) return;
    if (begun && line.size() + 1 + word.size() > kColumns) {
      lines += line + "\n";
      line = rest;
      begun = false;
    }
    line += (begun ? " " : "") + word;
    begun = true;
    word.clear();
  };
  for (const char c : text) {
    if (c == '`') quoted = !quoted;
    if (c == ' ' && !quoted) {
      add();
    } else {
      word += c;
    }
  }
  add();
  return lines + line + "\n";
}

}  // namespace caffe
