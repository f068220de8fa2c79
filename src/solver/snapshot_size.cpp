// The size of a snapshot; see the header.
#include "solver/snapshot_size.hpp"

#include <climits>

#include "solver/solver_check.hpp"

namespace caffe {

void CheckFileHolds(const SolverParameter& param, int64_t bytes,
                    const std::string& what, const std::string& ending) {
  // A little is left for the names.
  constexpr int64_t kMost = INT_MAX - (int64_t{1} << 20);
  INPUT_CHECK(bytes <= kMost)
      << SolverPlace(param, "snapshot_prefix") << what << " have " << bytes
      << " bytes, and a " << ending << " holds less than 2 GiB; to train "
      << "without snapshots, set snapshot: 0 and snapshot_after_train: false";
}

template <typename Dtype>
void CheckWeightsSize(const SolverParameter& param, const Net<Dtype>& net) {
  if (!WantsSnapshots(param)) return;
  int64_t values = 0;
  // What is shared is written for each layer that uses it.
  for (const auto& blob : net.params()) values += blob->count();
  const int copies = param.snapshot_diff() ? 2 : 1;
  CheckFileHolds(param, values * copies * int64_t{sizeof(Dtype)},
                 "the net's weights", ".caffemodel");
}

namespace {

// The values of layers of test nets that a state holds, for the train net
// lacks them.
template <typename Dtype>
int64_t OwnValues(const Net<Dtype>& net,
                  const vector<shared_ptr<Net<Dtype>>>& test_nets) {
  set<const SyncedMemory*> trained;
  for (const auto& blob : net.params()) trained.insert(blob->data().get());
  int64_t values = 0;
  for (const auto& test_net : test_nets) {
    for (const auto& blob : test_net->params()) {
      if (trained.count(blob->data().get()) == 0) values += blob->count();
    }
  }
  return values;
}

}  // namespace

template <typename Dtype>
void CheckStateSize(const SolverParameter& param, const Net<Dtype>& net,
                    const vector<shared_ptr<Net<Dtype>>>& test_nets,
                    int histories) {
  if (!WantsSnapshots(param)) return;
  int64_t values = 0;
  for (const Blob<Dtype>* blob : net.learnable_params()) {
    values += int64_t{blob->count()} * histories;
  }
  string what = "the histories of type " + param.type();
  const int64_t own = OwnValues(net, test_nets);
  if (own > 0) what += " and what only test nets have";
  CheckFileHolds(param, (values + own) * int64_t{sizeof(Dtype)}, what,
                 ".solverstate");
}

#define TERCET_INSTANTIATE_SIZE(Dtype)                                        \
  template void CheckWeightsSize(const SolverParameter&, const Net<Dtype>&);  \
  template void CheckStateSize(const SolverParameter&, const Net<Dtype>&,     \
                               const vector<shared_ptr<Net<Dtype>>>&, int)
TERCET_INSTANTIATE_SIZE(float);
TERCET_INSTANTIATE_SIZE(double);
#undef TERCET_INSTANTIATE_SIZE

}  // namespace caffe
