// How many columns a text in UTF-8 takes on a terminal or a sheet: letters of
// East Asia take two, marks that stand above others none. Without the locale,
// which a library does not set.
#ifndef TERCET_CORE_TEXT_WIDTH_HPP_
#define TERCET_CORE_TEXT_WIDTH_HPP_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/text.hpp"

namespace caffe {

// 0, 1 or 2 columns; a byte that is no letter takes one.
inline int LetterWidth(int32_t letter) {
  static constexpr int32_t kMarks[][2] = {
      {0x300, 0x36f},   {0x200b, 0x200f}, {0x20d0, 0x20ff},
      {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
  static constexpr int32_t kWide[][2] = {
      {0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0x4dbf},
      {0x4e00, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
      {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
      {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  for (const auto& range : kMarks) {
    if (letter >= range[0] && letter <= range[1]) return 0;
  }
  for (const auto& range : kWide) {
    if (letter >= range[0] && letter <= range[1]) return 2;
  }
  return 1;
}

inline int TextWidth(const std::string& text) {
  int width = 0;
  for (size_t at = 0; at < text.size();) {
    width += LetterWidth(NextLetter(text, &at));
  }
  return width;
}

// As much of the text, from its begin, as `columns` hold.
inline std::string CutToWidth(const std::string& text, int columns) {
  int width = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    width += LetterWidth(NextLetter(text, &at));
    if (width > columns) return text.substr(0, begin);
  }
  return text;
}

}  // namespace caffe

#endif  // TERCET_CORE_TEXT_WIDTH_HPP_
