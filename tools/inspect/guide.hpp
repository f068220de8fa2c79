// The pages docs/image_options.md and docs/solver.md, as Markdown, and the
// options of a layer type, as plain text: each option with its default and an
// example, from the comments in proto/ (option_text.hpp). A test holds the pages
// in docs/ against what is printed.
#ifndef TERCET_TOOLS_INSPECT_GUIDE_HPP_
#define TERCET_TOOLS_INSPECT_GUIDE_HPP_

#include <string>
#include <vector>

namespace caffe {

// "image_options", "solver".
std::vector<std::string> GuideNames();

// The page of this name; Error kUsage where there is none.
std::string GuidePage(const std::string& name);

// The options of layer `type`, under a line with the type; or those of a block
// that several types have, such as "transform_param".
std::string LayerOptions(const std::string& type);

// The blocks of a layer that LayerOptions knows beside the types.
std::vector<std::string> SharedBlocks();

}  // namespace caffe

#endif  // TERCET_TOOLS_INSPECT_GUIDE_HPP_
