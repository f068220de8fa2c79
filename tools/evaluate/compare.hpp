// Reports of several evaluations beside each other: their figures, how far
// apart they are, and their curves in one picture. What a report is, is
// evaluate's JSON (docs/file_formats.md).
//
// The difference of two reports has an interval over people where they judge
// the same pairs and drew the same people: draw by draw one is taken from the
// other, so that what is hard for both does not widen it.
#ifndef TERCET_TOOLS_EVALUATE_COMPARE_HPP_
#define TERCET_TOOLS_EVALUATE_COMPARE_HPP_

#include <string>
#include <vector>

namespace caffe {

// Of two to five files a table, or one line of JSON (docs/file_formats.md);
// and, where `folder` is not empty, the picture of WriteComparison there, whose
// curves go by the files' names; files of one name by their folders, too. Error
// kInput, with the file, for one that is no report of a verification.
std::string CompareReports(const std::vector<std::string>& files,
                           const std::string& folder, bool json);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_COMPARE_HPP_
