// The flags of evaluate, and which of them fit together. What they ask for is
// done by tools/evaluate.cpp.
#ifndef TERCET_TOOLS_EVALUATE_EVALUATE_FLAGS_HPP_
#define TERCET_TOOLS_EVALUATE_EVALUATE_FLAGS_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "tools/common/flags.hpp"

namespace caffe {

extern FlagGroup evaluate_flags;

extern std::string FLAGS_model, FLAGS_weights, FLAGS_images, FLAGS_root,
    FLAGS_blob, FLAGS_embeddings, FLAGS_list, FLAGS_pairs,
    FLAGS_threshold_pairs, FLAGS_gallery, FLAGS_probe, FLAGS_gallery_embeddings,
    FLAGS_probe_embeddings, FLAGS_distance, FLAGS_far, FLAGS_recall,
    FLAGS_train_list, FLAGS_plots, FLAGS_out, FLAGS_compare, FLAGS_format;
extern bool FLAGS_skip_missing, FLAGS_cameras, FLAGS_subtract_mean,
    FLAGS_pixels, FLAGS_write_threshold;
extern double FLAGS_threshold, FLAGS_threshold_far;
extern int32_t FLAGS_fold, FLAGS_of, FLAGS_bootstrap;
extern int64_t FLAGS_seed;

// What is judged, as it goes in front of errors.
std::string Place();

// Whether the embeddings come from arrays, and not from a net.
bool FromArrays();

// --far and --recall as numbers. Error kUsage for what is none.
std::vector<double> Fars();
std::vector<int64_t> Ranks();

// Error kUsage where the first flag is given, and one of the others.
void Exclude(const char* flag, const std::vector<const char*>& others);

// Error kUsage for flags that do not fit together, or values that are none.
void CheckFormat();
void CheckEvaluateFlags();

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_EVALUATE_FLAGS_HPP_
