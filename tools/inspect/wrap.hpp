// Text in lines of at most 80 columns. What stands between backticks stays in
// one line.
#ifndef TERCET_TOOLS_INSPECT_WRAP_HPP_
#define TERCET_TOOLS_INSPECT_WRAP_HPP_

#include <string>

namespace caffe {

// `first` begins the first line and `rest` each further one; a line's end
// follows the last.
std::string Wrapped(const std::string& text, const std::string& first,
                    const std::string& rest);

}  // namespace caffe

#endif  // TERCET_TOOLS_INSPECT_WRAP_HPP_
