// Numbers that have a name in every book.
#ifndef TERCET_MATH_CONSTANTS_HPP_
#define TERCET_MATH_CONSTANTS_HPP_

namespace caffe {

constexpr double kPi = 3.14159265358979323846;

}  // namespace caffe

#endif  // TERCET_MATH_CONSTANTS_HPP_
