// Which texts are numbers with a comma; see the header.
#include "core/decimal_comma.hpp"

namespace caffe {

namespace {

size_t BehindDigits(const std::string& text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

bool Has(const std::string& text, size_t at, const char* either) {
  return at < text.size() &&
         std::string(either).find(text[at]) != std::string::npos;
}

// Behind an exponent that begins at `at`; `at` where there is none.
size_t BehindExponent(const std::string& text, size_t at) {
  if (!Has(text, at, "eE")) return at;
  const size_t digits = Has(text, at + 1, "+-") ? at + 2 : at + 1;
  const size_t end = BehindDigits(text, digits);
  return end > digits ? end : at;
}

// Behind a number with a comma, which it makes a point; npos where there is
// none.
size_t TakeNumber(std::string* text, size_t at) {
  const size_t comma = BehindDigits(*text, Has(*text, at, "+-") ? at + 1 : at);
  if (!Has(*text, comma, ",")) return std::string::npos;
  const size_t end = BehindDigits(*text, comma + 1);
  if (end == comma + 1) return std::string::npos;
  (*text)[comma] = '.';
  return BehindExponent(*text, end);
}

}  // namespace

bool IsDigits(const std::string& text) {
  return !text.empty() && BehindDigits(text, 0) == text.size();
}

bool IsFraction(const std::string& text) {
  const size_t digits = BehindDigits(text, 0);
  size_t end = BehindExponent(text, digits);
  if (Has(text, end, "fF")) ++end;
  return digits > 0 && end == text.size();
}

std::string DecimalComma(const std::string& text) {
  std::string with_points = text;
  size_t at = TakeNumber(&with_points, 0);
  // Each second comma stands between two numbers.
  while (at != std::string::npos && Has(with_points, at, ",")) {
    at = TakeNumber(&with_points, at + 1);
  }
  if (at != text.size()) return "";
  return "a number has a point in it, not a comma: " + with_points;
}

}  // namespace caffe
