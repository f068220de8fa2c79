// UTF-16 into UTF-8, and names letter by letter; see the header. The letters of
// Europe have a table of their parts; for all others a name is said to be alike
// perhaps, where the other one has any letter with marks in that place.
#include "core/text.hpp"

#include <filesystem>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"

namespace caffe {

namespace {

constexpr uint32_t kReplacement = 0xFFFD;
constexpr int32_t kBeyond = 0x110000;

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

// The letters of a name; a byte that is none stands for itself, beyond them.
std::vector<int32_t> Letters(const std::string& text) {
  std::vector<int32_t> letters;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const int32_t letter = NextLetter(text, &at);
    letters.push_back(letter >= 0 ? letter : kBeyond + byte);
  }
  return letters;
}

// Accents, and the parts that Hangul and kana are put together from.
bool IsMark(int32_t letter) {
  return (letter >= 0x300 && letter < 0x370) || letter == 0x3099 ||
         letter == 0x309A || (letter >= 0x1160 && letter < 0x1200);
}

// What the letters from U+00C0 to U+017F consist of: the base, and how far from
// U+0300 the mark is, counted from '0'; a space for one that has no parts.
constexpr int32_t kFirst = 0xC0;
constexpr char kBases[] =
    "AAAAAA CEEEEIIII NOOOOO  UUUUY  aaaaaa ceeeeiiii"
    " nooooo  uuuuy yAaAaAaCcCcCcCcDd  EeEeEeEeEeGgGg"
    "GgGgHh  IiIiIiIiI   JjKk LlLlLl    NnNnNn   OoOo"
    "Oo  RrRrRrSsSsSsSsTtTt  UuUuUuUuUuUuWwYyYZzZzZz ";
constexpr char kMarks[] =
    "01238: W01280128 301238  01281  01238: W01280128"
    " 301238  01281 84466XX112277<<<<  446677XX<<2266"
    "77WW22  334466XX7   22WW 11WW<<    11WW<<   4466"
    ";;  11WW<<1122WW<<WW<<  334466::;;XX222281177<< ";
static_assert(sizeof(kBases) == sizeof(kMarks), "one mark a base");

// Where one composed letter is followed in `parts` from *at on by its parts;
// *sure becomes false where that is not known of the letter.
bool TakeParts(int32_t composed, const std::vector<int32_t>& parts, size_t* at,
               bool* sure) {
  const size_t begin = *at;
  if (composed < kFirst || composed >= kBeyond || IsMark(composed) ||
      begin + 1 >= parts.size() || IsMark(parts[begin]) ||
      !IsMark(parts[begin + 1])) {
    return false;
  }
  const size_t entry = composed - kFirst;
  if (entry < sizeof(kBases) - 1) {
    *at = begin + 2;
    return kBases[entry] != ' ' && parts[begin] == kBases[entry] &&
           parts[begin + 1] == 0x300 + (kMarks[entry] - '0');
  }
  *sure = false;
  *at = begin + 1;
  while (*at < parts.size() && IsMark(parts[*at])) ++*at;
  return true;
}

// As DifferInForm; *sure as above.
bool LookAlike(const std::string& a, const std::string& b, bool* sure) {
  *sure = true;
  if (a == b) return false;
  const std::vector<int32_t> left = Letters(a), right = Letters(b);
  size_t i = 0, j = 0;
  while (i < left.size() && j < right.size()) {
    // A letter with marks is compared with them.
    size_t after_left = i, after_right = j;
    if (TakeParts(left[i], right, &after_right, sure)) {
      ++i;
      j = after_right;
    } else if (TakeParts(right[j], left, &after_left, sure)) {
      i = after_left;
      ++j;
    } else if (left[i++] != right[j++]) {
      return false;
    }
  }
  return i == left.size() && j == right.size();
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

int32_t NextLetter(const std::string& text, size_t* at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const size_t begin = (*at)++;
  const int32_t lead = byte(begin);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4) return -1;
  int32_t letter = lead & (0x3F >> more);
  for (int i = 1; i <= more; ++i) {
    if ((byte(begin + i) & 0xC0) != 0x80) return -1;
    letter = letter << 6 | (byte(begin + i) & 0x3F);
  }
  const int32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
  if (letter < least || letter > 0x10FFFF ||
      (letter >= 0xD800 && letter < 0xE000)) {
    return -1;
  }
  *at = begin + more + 1;
  return letter;
}

bool DifferInForm(const std::string& a, const std::string& b) {
  bool sure = true;
  return LookAlike(a, b, &sure);
}

std::string FormHint(const std::string& name,
                     const std::vector<std::string>& names) {
  std::string may_be;
  for (const std::string& there : names) {
    bool sure = true;
    if (!LookAlike(name, there, &sure)) continue;
    if (sure) {
      return "; there is '" + there + "', with its accents in another Unicode "
             "form (composed, decomposed)";
    }
    if (may_be.empty()) may_be = there;
  }
  if (may_be.empty()) return "";
  return "; there is '" + may_be + "', which may be the same name in another "
         "Unicode form (composed, decomposed)";
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
