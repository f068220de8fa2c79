// What `tercet check` found, as people and programs read it.
#ifndef TERCET_TOOLS_CHECK_REPORT_TEXT_HPP_
#define TERCET_TOOLS_CHECK_REPORT_TEXT_HPP_

#include <string>

#include "data/image_check.hpp"

namespace caffe {

// Lines of a name and a value; all broken images, and of other long lists the
// first ones.
std::string TableOf(const ImageCheckReport& report, const ImageNeeds& needs);

// One object on one line, with everything.
std::string JsonOf(const ImageCheckReport& report, const ImageNeeds& needs);

}  // namespace caffe

#endif  // TERCET_TOOLS_CHECK_REPORT_TEXT_HPP_
