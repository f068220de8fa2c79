// Batches of people from a few groups, as said in sampler.hpp: cells of people
// of one group, and batches of cells.

#include <algorithm>
#include <numeric>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/sampling/sampler.hpp"
#include "sampling/sampler_plan.hpp"

namespace caffe {

namespace {

// The people of one group that have sets, and how many.
struct PeopleOfGroup {
  std::vector<int> people;
  std::vector<int> counts;
};

std::vector<PeopleOfGroup> ByGroup(const std::vector<int>& counts,
                                   const std::vector<int>& group) {
  CHECK_EQ(counts.size(), group.size());
  std::vector<PeopleOfGroup> groups;
  for (size_t i = 0; i < group.size(); ++i) {
    const size_t g = static_cast<size_t>(group[i]);
    if (groups.size() <= g) groups.resize(g + 1);
    if (counts[i] == 0) continue;
    groups[g].people.push_back(static_cast<int>(i));
    groups[g].counts.push_back(counts[i]);
  }
  return groups;
}

// Puts the cells that `people` consists of in another order. PlanBatches fills
// those with many sets into the first ones rather than into the last.
void ShuffleCells(int cell_size, Rng* rng, std::vector<int>* people) {
  const std::vector<int> before = *people;
  std::vector<int> order(before.size() / cell_size);
  std::iota(order.begin(), order.end(), 0);
  rng->Shuffle(&order);
  auto to = people->begin();
  for (const int cell : order) {
    to = std::copy_n(before.begin() + cell * cell_size, cell_size, to);
  }
}

// The people of an epoch's batches: cells of each group first, then cells to
// batches. `cells` has those of each group.
std::vector<int> PlanGroups(const std::vector<PeopleOfGroup>& members,
                            const std::vector<int>& cells, int64_t batches,
                            int groups, int cell_size, Rng* rng) {
  std::vector<std::vector<int>> filled;  // places in the groups
  for (size_t g = 0; g < members.size(); ++g) {
    filled.push_back(PlanBatches(members[g].counts, cells[g], cell_size, rng));
    // Not all cells of a group may be taken.
    ShuffleCells(cell_size, rng, &filled.back());
  }
  std::vector<int> people;
  for (const int g : PlanBatches(cells, batches, groups, rng)) {
    for (int i = 0; i < cell_size; ++i) {
      people.push_back(members[g].people[filled[g].back()]);
      filled[g].pop_back();
    }
  }
  return people;
}

}  // namespace

void CheckGroups(int identities, int groups) {
  INPUT_CHECK(groups >= 1 && identities % groups == 0 &&
              identities / groups >= 2)
      << "groups_per_batch is " << groups << " and identities_per_batch "
      << identities << "; wanted two people or more of each group, as many of "
      << "one as of another";
}

GroupSampler::GroupSampler(const std::vector<int>& images_per_identity,
                           const std::vector<int>& group, int identities,
                           int images, int groups, uint64_t seed,
                           const SetRule& rule) {
  CheckBatch(identities, images);
  CheckGroups(identities, groups);
  const int cell_size = identities / groups;
  const std::vector<int> counts =
      SetCounts(images_per_identity, identities, images, rule);
  const std::vector<PeopleOfGroup> members = ByGroup(counts, group);
  std::vector<int> cells;
  for (const PeopleOfGroup& one : members) {
    cells.push_back(static_cast<int>(MostBatches(one.counts, cell_size)));
  }
  const int64_t batches = MostBatches(cells, groups);
  INPUT_CHECK(batches > 0)
      << "groups_per_batch is " << groups << " but only "
      << members.size() - std::count(cells.begin(), cells.end(), 0) << " of "
      << members.size() << " groups have " << cell_size
      << " people or more (identities_per_batch / groups_per_batch)";
  plans_.reset(new EpochPlans(
      batches, int64_t{identities} * images, [=](uint64_t epoch) {
        Rng rng(seed, epoch);
        ImageSets sets(images_per_identity, counts, images, &rng);
        const std::vector<int> people =
            PlanGroups(members, cells, batches, groups, cell_size, &rng);
        sets.Shuffle(&rng);
        std::vector<Pick> picks;
        for (const int person : people) sets.Take(person, &picks);
        return picks;
      }));
}

GroupSampler::~GroupSampler() = default;

int64_t GroupSampler::batches_per_epoch() const { return plans_->batches(); }

std::vector<Pick> GroupSampler::Batch(uint64_t number) {
  return plans_->Batch(number);
}

}  // namespace caffe
