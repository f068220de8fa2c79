// Checks of a batch, as said in the header.
#include "test/sampling/sampler_checks.hpp"

#include <gtest/gtest.h>

#include <set>

namespace caffe {

void ExpectExactBatch(const std::vector<Pick>& batch,
                      const std::vector<int>& images_per_identity, int p,
                      int k) {
  ASSERT_EQ(static_cast<size_t>(p) * k, batch.size());
  std::set<int> people;
  for (int first = 0; first < p * k; first += k) {
    const int person = batch[first].identity;
    ASSERT_GE(person, 0);
    ASSERT_LT(person, static_cast<int>(images_per_identity.size()));
    std::vector<int> seen(images_per_identity[person]);
    for (int i = first; i < first + k; ++i) {
      ASSERT_EQ(person, batch[i].identity);
      ASSERT_GE(batch[i].image, 0);
      ASSERT_LT(batch[i].image, images_per_identity[person]);
      ++seen[batch[i].image];
    }
    const int n = static_cast<int>(seen.size());
    for (const int count : seen) {
      ASSERT_GE(count, k / n);
      ASSERT_LE(count, (k + n - 1) / n);
    }
    people.insert(person);
  }
  ASSERT_EQ(static_cast<size_t>(p), people.size());
}

std::vector<int> PeopleOf(const std::vector<Pick>& batch, int k) {
  std::vector<int> people;
  for (size_t i = 0; i < batch.size(); i += k) {
    people.push_back(batch[i].identity);
  }
  return people;
}

}  // namespace caffe
