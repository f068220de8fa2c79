// Numbers that are written with a comma, as many languages have it, where a
// point is wanted: found and told, never taken for what they are not.
#ifndef TERCET_CORE_DECIMAL_COMMA_HPP_
#define TERCET_CORE_DECIMAL_COMMA_HPP_

#include <string>

namespace caffe {

// "0,5" gives "a number has a point in it, not a comma: 0.5", and a list such
// as "0,1,0,01" the same with 0.1,0.01. "" where the text is nothing of that
// kind. Where commas stand between numbers, too, ask only about a text that was
// refused as a list: "1,2" may be one.
std::string DecimalComma(const std::string& text);

// The parts of such a number: digits alone, and what may follow a point: digits
// with an exponent or not, and an f or not.
bool IsDigits(const std::string& text);
bool IsFraction(const std::string& text);

}  // namespace caffe

#endif  // TERCET_CORE_DECIMAL_COMMA_HPP_
