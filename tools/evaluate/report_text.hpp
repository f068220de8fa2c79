// Reports as people and programs read them: a table, or one JSON object.
#ifndef TERCET_TOOLS_EVALUATE_REPORT_TEXT_HPP_
#define TERCET_TOOLS_EVALUATE_REPORT_TEXT_HPP_

#include <optional>
#include <string>

#include "evaluation/embedding_input.hpp"
#include "evaluation/report.hpp"

namespace caffe {

// All that one run of evaluate says.
struct EvaluationReport {
  std::optional<VerificationReport> verification;
  std::optional<RetrievalReport> retrieval;
  std::optional<IdentificationReport> identification;
  std::optional<Overlap> overlap;  // with a training list
  std::string distance;            // its name
};

// A threshold in the digits that tell it whole, the same wherever it is shown.
std::string ThresholdText(double threshold);

// Lines of a name and a value, and the intervals that there are.
std::string TableOf(const EvaluationReport& report);

// One line; what there is not is null.
std::string JsonOf(const EvaluationReport& report);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_REPORT_TEXT_HPP_
