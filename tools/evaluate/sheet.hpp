// A sheet of the pairs that mislead most, with their pictures, which tells at a
// glance what kind of mistake it is: wrong labels, bad crops, twins.
#ifndef TERCET_TOOLS_EVALUATE_SHEET_HPP_
#define TERCET_TOOLS_EVALUATE_SHEET_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "data/image.hpp"
#include "evaluation/report.hpp"

namespace caffe {

// Writes worst_pairs.svg and worst_pairs.png into `folder`, which is made where
// it is missing: on the left up to 24 pairs of one person, the farthest first,
// on the right as many of two people, the nearest first; under each pair its
// distance, under each picture its folder and its name. worst_pairs.gp and
// worst_pairs_pictures.png are what gnuplot drew it from. paths: the picture of
// each row that the pairs name; one of more than max_pixels cannot be read.
//
// An image is in two pairs of the sheet at most. Where the report has a
// threshold, each pair is told to be an error by it, a near miss (right, and
// within a tenth of the threshold) or right. The pairs are numbered: where no
// font has a letter of their names, the PNG tells them apart by that alone.
//
// Returns "", or in one line why there is no sheet: a report without such
// pairs, or a picture that cannot be read. Error kInput where the folder cannot
// be written to or gnuplot fails, as DrawWithGnuplot has it.
std::string WriteSheet(const std::string& folder, const std::string& title,
                       const VerificationReport& report,
                       const std::vector<std::string>& paths,
                       int64_t max_pixels = kMaxImagePixels);

// The same for an identification, as ranked.svg and ranked.png: a row for each
// of the report's worst probes, the probe and its first answers, the right ones
// in a blue frame, the others in vermilion.
std::string WriteRankedSheet(const std::string& folder,
                             const std::string& title,
                             const IdentificationReport& report,
                             const std::vector<std::string>& probes,
                             const std::vector<std::string>& gallery,
                             int64_t max_pixels = kMaxImagePixels);

}  // namespace caffe

#endif  // TERCET_TOOLS_EVALUATE_SHEET_HPP_
