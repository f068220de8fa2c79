// What the tests of samplers ask of every batch.
#ifndef TERCET_TEST_SAMPLING_SAMPLER_CHECKS_HPP_
#define TERCET_TEST_SAMPLING_SAMPLER_CHECKS_HPP_

#include <vector>

#include "caffe/sampling/sampler.hpp"

namespace caffe {

// P different people with K images each, person by person: different images
// where there are K, else each as often as another, give or take one. A
// failure is fatal (HasFatalFailure).
void ExpectExactBatch(const std::vector<Pick>& batch,
                      const std::vector<int>& images_per_identity, int p,
                      int k);

// The person of each of the batch's sets of K.
std::vector<int> PeopleOf(const std::vector<Pick>& batch, int k);

}  // namespace caffe

#endif  // TERCET_TEST_SAMPLING_SAMPLER_CHECKS_HPP_
