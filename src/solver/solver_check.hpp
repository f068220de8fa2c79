// What can be known to be wrong with a solver before its nets are built. Each
// finding is Error kInput, one line with the place of the field:
// "solver.prototxt:4: unknown lr_policy 'stpe'; did you mean 'step'?".
#ifndef TERCET_SOLVER_SOLVER_CHECK_HPP_
#define TERCET_SOLVER_SOLVER_CHECK_HPP_

#include <string>

#include "caffe/proto/caffe.pb.h"

namespace caffe {

// "solver.prototxt:4: " for a field, "solver.prototxt: " for one that the file
// lacks, "solver: " for a solver that was filled by hand.
std::string SolverPlace(const SolverParameter& param,
                        const std::string& field);

// All options, but for what needs the nets.
void CheckSolver(const SolverParameter& param);

// Whether a run will write snapshots.
bool WantsSnapshots(const SolverParameter& param);
// Fills in snapshot_prefix as Caffe does: the solver's file without its
// extension where none is given; in a folder, the stem of that name.
void CompleteSnapshotPrefix(SolverParameter* param);
// Writes and removes a file where the snapshots will go.
void CheckSnapshotFolder(const SolverParameter& param);

// Number of test nets that come from `net` or `net_param`.
int GenericTestNets(const SolverParameter& param);

// A net file's name as it is found from here: as it stands, or else in the
// folder of the solver's file. Error kInput where it is in neither.
std::string FindNetFile(const SolverParameter& param, const std::string& field,
                        const std::string& file);

// Whether a file of this prefix lies in the folder, or below it.
bool IsBelow(const std::string& prefix, const std::string& folder);

}  // namespace caffe

#endif  // TERCET_SOLVER_SOLVER_CHECK_HPP_
