// What a threshold's file says, as the options of an Embedder.
#ifndef TERCET_EMBED_THRESHOLD_OPTIONS_HPP_
#define TERCET_EMBED_THRESHOLD_OPTIONS_HPP_

#include <string>

#include "caffe/embedder.hpp"
#include "embed/threshold_file.hpp"

namespace caffe {

// `options` with the threshold, and the settings that it was found with, of the
// file that they name or that lies beside the weights; its name is then in
// threshold_file, and what it holds in `found`. Where there is nothing to read
// `options` as they are. Error kInput: a file that cannot be read, and options
// that differ from it.
EmbedderOptions WithThreshold(const std::string& weights,
                              EmbedderOptions options,
                              VerificationThreshold* found);

}  // namespace caffe

#endif  // TERCET_EMBED_THRESHOLD_OPTIONS_HPP_
