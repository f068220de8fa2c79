// What was asked of a verification at a FAR, held against the pairs that there
// were, and the threshold that is written for verify. The report comes first:
// what is refused here is told after it.
#ifndef TERCET_TOOLS_EVALUATE_WANTED_FARS_HPP_
#define TERCET_TOOLS_EVALUATE_WANTED_FARS_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/report.hpp"

namespace caffe {

// Error kInput for the first FAR that the impostor pairs do not support, with
// the least one that they do. `flag`: the flag that asked for them.
void CheckFars(const std::string& flag, const std::vector<double>& fars,
               const metric::RocCurve& curve);

// Writes the calibrated threshold of a report beside `weights`, with the
// settings that the flags give, and logs what it replaces. Error kInput where
// the report has none, or where it would accept nobody.
void WriteCalibrated(const VerificationReport& report,
                     const std::string& weights, uint64_t weights_hash);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_WANTED_FARS_HPP_
