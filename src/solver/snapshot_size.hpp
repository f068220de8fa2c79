// Whether a snapshot fits into its files: protobuf's form holds less than
// 2 GiB, and a run should not learn that after hours.
#ifndef TERCET_SOLVER_SNAPSHOT_SIZE_HPP_
#define TERCET_SOLVER_SNAPSHOT_SIZE_HPP_

#include <cstdint>
#include <string>

#include "caffe/net.hpp"

namespace caffe {

// Error kInput: `bytes` of `what` are too many for a file with `ending`.
void CheckFileHolds(const SolverParameter& param, int64_t bytes,
                    const std::string& what, const std::string& ending);

// The weights of a net; and `histories` for each of its parameters, with what
// test nets have that is not the net's; of a solver that will write snapshots.
template <typename Dtype>
void CheckWeightsSize(const SolverParameter& param, const Net<Dtype>& net);
template <typename Dtype>
void CheckStateSize(const SolverParameter& param, const Net<Dtype>& net,
                    const vector<shared_ptr<Net<Dtype>>>& test_nets,
                    int histories);

}  // namespace caffe

#endif  // TERCET_SOLVER_SNAPSHOT_SIZE_HPP_
