// Which texts are numbers with a comma; see the header.
#include "core/decimal_comma.hpp"

#include <regex>

namespace caffe {

std::string DecimalComma(const std::string& text) {
  static const std::string number = "[+-]?[0-9]*,[0-9]+(e[+-]?[0-9]+)?";
  static const std::regex numbers(number + "(," + number + ")*",
                                  std::regex::icase);
  if (!std::regex_match(text, numbers)) return "";
  // Each second comma stands between two numbers.
  std::string with_points = text;
  bool inside = true;
  for (char& c : with_points) {
    if (c != ',') continue;
    if (inside) c = '.';
    inside = !inside;
  }
  return "a number has a point in it, not a comma: " + with_points;
}

}  // namespace caffe
