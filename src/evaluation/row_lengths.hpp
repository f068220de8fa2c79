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

// Logs that line, if there is one, as a warning.
void WarnOfLengths(metric::Distance distance,
                   const std::vector<const std::vector<float>*>& arrays,
                   int width);

}  // namespace caffe

#endif  // TERCET_EVALUATION_ROW_LENGTHS_HPP_
