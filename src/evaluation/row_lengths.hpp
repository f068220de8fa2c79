// Whether embeddings are fit for a distance that their lengths have a part in.
#ifndef TERCET_EVALUATION_ROW_LENGTHS_HPP_
#define TERCET_EVALUATION_ROW_LENGTHS_HPP_

#include <string>
#include <vector>

#include "caffe/pairwise/distances.hpp"

namespace caffe {

// Rows of `width` values, of one array or of two. Returns a line for the log
// where the distance is kSquaredL2 or kL2 and most lengths are not within a
// factor of 2; "" otherwise.
std::string LengthsDiffer(metric::Distance distance,
                          const std::vector<const std::vector<float>*>& arrays,
                          int width);

// The same for kCosine: a line where rows have length 0, with their number.
std::string RowsWithoutDirection(
    metric::Distance distance,
    const std::vector<const std::vector<float>*>& arrays, int width);

// Logs these lines, where there are any, as warnings.
void WarnOfLengths(metric::Distance distance,
                   const std::vector<const std::vector<float>*>& arrays,
                   int width);

}  // namespace caffe

#endif  // TERCET_EVALUATION_ROW_LENGTHS_HPP_
