// Snapshots as files: PREFIX_iter_N.caffemodel and PREFIX_iter_N.solverstate.
// What goes into them is the solver's. Errors are kInput, "path: reason".
//
// Both files are in protobuf's binary form (NetParameter, SolverState) and are
// written beside and renamed, the weights first. The state names its weights
// and carries two 64-bit hashes: of the weights (weights_hash) and of the file
// itself (state_hash), so that a damaged or mismatched pair is refused, and so
// is a state that was cut off anywhere. States that Caffe wrote carry neither
// and are taken as they are.
//
// state_hash stands behind the iteration, before all else: the hash
// (core/hasher.hpp) of the bytes before its field and of those behind it. In
// older states it stands elsewhere, and is the hash of the message without
// it, as protobuf writes that. The hash of weights is HashWeights of
// net/weights.hpp.
#ifndef TERCET_SOLVER_SNAPSHOT_HPP_
#define TERCET_SOLVER_SNAPSHOT_HPP_

#include <cstdint>
#include <string>
#include <vector>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

// What stands in a state before the names of the train net's layers.
constexpr char kTrainPrefix[] = "train:";

// "PREFIX_iter_N.caffemodel", "PREFIX_iter_N.solverstate".
std::string ModelFileName(const std::string& prefix, int iter);
std::string StateFileName(const std::string& prefix, int iter);

// The states of a prefix in the folder, the newest (by iteration) first.
std::vector<std::string> FindStates(const std::string& prefix);

// Removes those of the iterations from first to last, without their weights.
void RemoveStates(const std::string& prefix, int first, int last);

// Writes a state with its hash; reads one and compares.
void WriteState(const std::string& path, SolverState state);
void ReadState(const std::string& path, SolverState* state);

// Reads the weights that a state belongs to: the file of its learned_net in
// the state's own folder, or else where the name points, if that is below the
// working folder: a state from elsewhere does not choose which file is read.
// Returns the file's name. Refuses weights with another hash, and a state
// without a hash beside weights that Caffe did not write.
std::string ReadWeightsOfState(const std::string& path,
                               const SolverState& state,
                               NetParameter* weights);

// Removes what a killed process left half written beside the snapshots.
void RemoveLeftovers(const std::string& prefix);

}  // namespace caffe

#endif  // TERCET_SOLVER_SNAPSHOT_HPP_
