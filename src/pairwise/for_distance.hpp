// From a distance that is known when the program runs to code that was compiled
// for it.
#ifndef TERCET_PAIRWISE_FOR_DISTANCE_HPP_
#define TERCET_PAIRWISE_FOR_DISTANCE_HPP_

#include <type_traits>

#include "caffe/pairwise/distances.hpp"

namespace caffe {
namespace metric {

// A distance as a type; `value` is the distance.
template <Distance kind>
using DistanceConstant = std::integral_constant<Distance, kind>;

// Returns f(DistanceConstant<kind>()).
template <typename F>
auto ForDistance(Distance kind, const F& f) {
  switch (kind) {
    case Distance::kSquaredL2:
      break;
    case Distance::kL2:
      return f(DistanceConstant<Distance::kL2>());
    case Distance::kCosine:
      return f(DistanceConstant<Distance::kCosine>());
    case Distance::kL1:
      return f(DistanceConstant<Distance::kL1>());
  }
  return f(DistanceConstant<Distance::kSquaredL2>());
}

}  // namespace metric
}  // namespace caffe

#endif  // TERCET_PAIRWISE_FOR_DISTANCE_HPP_
