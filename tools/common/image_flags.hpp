// The flags for how images go into a net, for the tools that include this:
//
//   --mean_value=127.5      --mean_value=104,117,123     --scale=0.0078125
//   --channels=bgr|rgb      --resize=112x96 (height x width; one number: a
//   square)                 --crop=112x96, or one number  --flip|--flip=concat
//
// They replace what the net's Input layer says, and what they do is told in
// caffe/embedder.hpp. A tool that calls these functions has `image_flags` among
// the groups of its Command.
#ifndef TERCET_TOOLS_COMMON_IMAGE_FLAGS_HPP_
#define TERCET_TOOLS_COMMON_IMAGE_FLAGS_HPP_

#include <string>

#include "caffe/embedder.hpp"
#include "tools/common/flags.hpp"

namespace caffe {

extern FlagGroup image_flags;

// Error kUsage for a value that is none.
ImageOptions ImageOptionsFromFlags();

// The options of the tools' embedders: no threshold's file, a status line.
EmbedderOptions ToolEmbedder(const std::string& blob,
                             const ImageOptions& image);

// --broken=STOP|SKIP, of the tools that go through many images; whether these
// are to leave out what cannot be read. Error kUsage for another word.
extern FlagGroup broken_flag;
bool SkipBroken();

// Error kUsage where one of the flags is given: "--scale: wants --images".
void RefuseImageFlags(const std::string& reason);

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_IMAGE_FLAGS_HPP_
