// The lengths of rows; see the header.
#include "evaluation/row_lengths.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "caffe/common.hpp"

namespace caffe {

namespace {

std::vector<double> LengthsOf(
    const std::vector<const std::vector<float>*>& arrays, int width) {
  std::vector<double> lengths;
  for (const std::vector<float>* array : arrays) {
    for (size_t at = 0; at < array->size(); at += width) {
      const float* const row = array->data() + at;
      const double square = metric::RowLaneSum<double>(
          width, [=](int64_t k) { return double{row[k]} * row[k]; });
      if (std::isfinite(square)) lengths.push_back(std::sqrt(square));
    }
  }
  return lengths;
}

}  // namespace

std::string LengthsDiffer(metric::Distance distance,
                          const std::vector<const std::vector<float>*>& arrays,
                          int width) {
  if (distance != metric::Distance::kSquaredL2 &&
      distance != metric::Distance::kL2) {
    return "";
  }
  std::vector<double> lengths = LengthsOf(arrays, width);
  if (lengths.empty()) return "";
  std::sort(lengths.begin(), lengths.end());
  // What 80 % of the rows lie between, so that a few odd ones are no alarm.
  const double last = static_cast<double>(lengths.size() - 1);
  const double low = lengths[static_cast<size_t>(std::floor(0.1 * last))];
  const double high = lengths[static_cast<size_t>(std::ceil(0.9 * last))];
  if (high <= 2 * low) return "";
  const auto zeros = std::count(lengths.begin(), lengths.end(), 0.0);
  std::ostringstream text;
  text.precision(3);
  text << "the lengths of the embeddings go from " << lengths.front() << " to "
       << lengths.back() << " (80 % from " << low << " to " << high
       << "), and this distance compares them, too; ";
  if (zeros == 0) {
    text << "where the direction alone tells who it is, take "
         << "--distance=cosine";
  } else {
    text << zeros << " of " << lengths.size() << " have length 0, and say "
         << "nothing of who it is: look at what the net makes of these images";
  }
  return text.str();
}

std::string RowsWithoutDirection(
    metric::Distance distance,
    const std::vector<const std::vector<float>*>& arrays, int width) {
  if (distance != metric::Distance::kCosine) return "";
  const std::vector<double> lengths = LengthsOf(arrays, width);
  const auto zeros = std::count(lengths.begin(), lengths.end(), 0.0);
  if (zeros == 0) return "";
  std::ostringstream text;
  text << zeros << " of " << lengths.size() << " embeddings have length 0, and "
       << "so no direction: their cosine distance to any other is taken for 1";
  return text.str();
}

void WarnOfLengths(metric::Distance distance,
                   const std::vector<const std::vector<float>*>& arrays,
                   int width) {
  for (const std::string& line :
       {LengthsDiffer(distance, arrays, width),
        RowsWithoutDirection(distance, arrays, width)}) {
    if (!line.empty()) LOG(WARNING) << line;
  }
}

}  // namespace caffe
