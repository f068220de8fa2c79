// UTF-16 into UTF-8, and names letter by letter; see the header. No table of
// Unicode is needed to say that two names look alike: where one has a letter
// outside of ASCII, the other one has any letter with marks behind it.
#include "core/text.hpp"

#include <algorithm>
#include <filesystem>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"

namespace caffe {

namespace {

constexpr uint32_t kReplacement = 0xFFFD;

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else if (code < 0x800) {
    *out += static_cast<char>(0xC0 | code >> 6);
    *out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    *out += static_cast<char>(0xE0 | code >> 12);
    *out += static_cast<char>(0x80 | (code >> 6 & 63));
    *out += static_cast<char>(0x80 | (code & 63));
  } else {
    *out += static_cast<char>(0xF0 | code >> 18);
    *out += static_cast<char>(0x80 | (code >> 12 & 63));
    *out += static_cast<char>(0x80 | (code >> 6 & 63));
    *out += static_cast<char>(0x80 | (code & 63));
  }
}

// `text` begins with a mark of two bytes, which says the order.
std::string FromUtf16(const std::string& text) {
  const bool little = text[0] == '\xFF';
  const auto unit = [&](size_t at) {
    const auto low = static_cast<unsigned char>(text[little ? at : at + 1]);
    const auto high = static_cast<unsigned char>(text[little ? at + 1 : at]);
    return static_cast<uint32_t>(high << 8 | low);
  };
  std::string out;
  out.reserve(text.size());
  for (size_t at = 2; at + 1 < text.size(); at += 2) {
    uint32_t code = unit(at);
    if (code >= 0xD800 && code < 0xE000) {
      const bool pair = code < 0xDC00 && at + 3 < text.size() &&
                        unit(at + 2) >= 0xDC00 && unit(at + 2) < 0xE000;
      code = pair ? 0x10000 + ((code & 0x3FF) << 10) + (unit(at + 2) & 0x3FF)
                  : kReplacement;
      if (pair) at += 2;
    }
    AppendUtf8(code, &out);
  }
  return out;
}

// The letters of a name; a byte that is no UTF-8 stands for itself.
std::vector<uint32_t> Letters(const std::string& text) {
  std::vector<uint32_t> letters;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    uint32_t code = more == 0 ? byte : byte & (0x3F >> more);
    bool whole = at + more < text.size();
    for (int k = 1; k <= more && whole; ++k) {
      const auto next = static_cast<unsigned char>(text[at + k]);
      whole = (next & 0xC0) == 0x80;
      code = code << 6 | (next & 0x3F);
    }
    letters.push_back(whole ? code : byte);
    at += whole ? more + 1 : 1;
  }
  return letters;
}

// Accents, and the parts that Hangul and kana are put together from.
bool IsMark(uint32_t letter) {
  return (letter >= 0x300 && letter < 0x370) || letter == 0x3099 ||
         letter == 0x309A || (letter >= 0x1160 && letter < 0x1200);
}

// Where one composed letter is followed in `parts` from *at on by its parts.
bool TakeParts(uint32_t composed, const std::vector<uint32_t>& parts,
               size_t* at) {
  const size_t begin = *at;
  if (composed < 0xC0 || IsMark(composed) || begin + 1 >= parts.size() ||
      IsMark(parts[begin]) || !IsMark(parts[begin + 1])) {
    return false;
  }
  *at = begin + 1;
  while (*at < parts.size() && IsMark(parts[*at])) ++*at;
  return true;
}

}  // namespace

std::string PlainText(std::string text) {
  if (text.compare(0, 3, "\xEF\xBB\xBF") == 0) return text.substr(3);
  const bool utf16 = text.compare(0, 2, "\xFF\xFE") == 0 ||
                     text.compare(0, 2, "\xFE\xFF") == 0;
  return utf16 ? FromUtf16(text) : text;
}

std::string ReadText(const std::string& path, int64_t most_bytes) {
  return PlainText(ReadFile(path, most_bytes));
}

bool DifferInForm(const std::string& a, const std::string& b) {
  if (a == b) return false;
  const std::vector<uint32_t> left = Letters(a), right = Letters(b);
  size_t i = 0, j = 0;
  while (i < left.size() && j < right.size()) {
    // A letter with marks is compared with them.
    size_t after_left = i, after_right = j;
    if (TakeParts(left[i], right, &after_right)) {
      ++i;
      j = after_right;
    } else if (TakeParts(right[j], left, &after_left)) {
      i = after_left;
      ++j;
    } else if (left[i++] != right[j++]) {
      return false;
    }
  }
  return i == left.size() && j == right.size();
}

std::string FormHint(const std::string& name,
                     const std::vector<std::string>& names) {
  const auto other = std::find_if(
      names.begin(), names.end(),
      [&](const std::string& there) { return DifferInForm(name, there); });
  if (other == names.end()) return "";
  return "; there is '" + *other + "', with its accents in another Unicode "
         "form (composed, decomposed)";
}

std::string FormHintOnDisk(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path reached;
  for (const fs::path& part : fs::path(path)) {
    std::error_code code;
    const fs::path next = reached / part;
    if (fs::exists(next, code)) {
      reached = next;
      continue;
    }
    std::vector<std::string> names;
    for (fs::directory_iterator entry(reached.empty() ? "." : reached, code),
         end;
         !code && entry != end; entry.increment(code)) {
      names.push_back(entry->path().filename().string());
    }
    return FormHint(part.string(), names);
  }
  return "";
}

std::string PathHint(const std::string& path) {
  const bool control = std::any_of(path.begin(), path.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code < 32 && code != 27;  // of \n, \01, as prototxt reads them
  });
  if (control || path.find('\\') != std::string::npos) {
    return " (the folders of a path are parted by /)";
  }
  return FormHintOnDisk(path);
}

}  // namespace caffe
