// Whose the histories in a state are: they go by the names of layers, as
// weights do, so that a net whose layers stand in another order keeps each its
// own. What a history holds is the solver's.
#ifndef TERCET_SOLVER_HISTORY_ORDER_HPP_
#define TERCET_SOLVER_HISTORY_ORDER_HPP_

#include <string>

#include "caffe/net.hpp"

namespace caffe {

// "the history of layer 'fc', parameter 0": of the i-th learnable parameter.
template <typename Dtype>
std::string HistoryName(const Net<Dtype>& net, int i);

// Writes into a state which parameter each of its histories belongs to.
template <typename Dtype>
void NameHistory(const Net<Dtype>& net, SolverState* state);

// Brings the histories of a state into the order of the net's parameters.
// `histories` is how many each has. A state from before they had names is read
// by its weights, whose layers stand in the order of the net that it is of.
// Error kInput names the layers that have no history, those that the net lacks,
// and those that share a parameter in only one of the two.
template <typename Dtype>
void OrderHistory(const Net<Dtype>& net, const NetParameter& weights,
                  int histories, SolverState* state);

}  // namespace caffe

#endif  // TERCET_SOLVER_HISTORY_ORDER_HPP_
