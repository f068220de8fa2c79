// The lengths of rows; see the header.
#include "evaluation/row_lengths.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "caffe/common.hpp"

namespace caffe {

std::string LengthsDiffer(metric::Distance distance,
                          const std::vector<const std::vector<float>*>& arrays,
                          int width) {
  if (distance != metric::Distance::kSquaredL2 &&
      distance != metric::Distance::kL2) {
    return "";
  }
  std::vector<double> lengths;
  for (const std::vector<float>* array : arrays) {
    for (size_t at = 0; at < array->size(); at += width) {
      const float* const row = array->data() + at;
      const double square = metric::RowLaneSum<double>(
          width, [=](int64_t k) { return double{row[k]} * row[k]; });
      if (std::isfinite(square)) lengths.push_back(std::sqrt(square));
    }
  }
  if (lengths.empty()) return "";
  std::sort(lengths.begin(), lengths.end());
  // What 80 % of the rows lie between, so that a few odd ones are no alarm.
  const double last = static_cast<double>(lengths.size() - 1);
  const double low = lengths[static_cast<size_t>(std::floor(0.1 * last))];
  const double high = lengths[static_cast<size_t>(std::ceil(0.9 * last))];
  if (high <= 2 * low) return "";
  std::ostringstream text;
  text.precision(3);
  text << "the lengths of the embeddings go from " << lengths.front() << " to "
       << lengths.back() << " (80 % from " << low << " to " << high
       << "), and this distance compares them, too; where the direction alone "
       << "tells who it is, take --distance=cosine";
  return text.str();
}

void WarnOfLengths(metric::Distance distance,
                   const std::vector<const std::vector<float>*>& arrays,
                   int width) {
  const std::string line = LengthsDiffer(distance, arrays, width);
  if (!line.empty()) LOG(WARNING) << line;
}

}  // namespace caffe
