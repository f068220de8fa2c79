// A metric loss of a solver's train net, and the doctor who looks at it.
#ifndef TERCET_SOLVER_WATCHED_LOSS_HPP_
#define TERCET_SOLVER_WATCHED_LOSS_HPP_

#include <vector>

#include "caffe/layers/metric_loss_layer.hpp"
#include "caffe/solver.hpp"
#include "solver/doctor.hpp"

namespace caffe {

template <typename Dtype>
struct Solver<Dtype>::WatchedLoss {
  MetricLossLayer<Dtype>* layer;
  const vector<Blob<Dtype>*>* bottom;
  LossDoctor doctor;
};

}  // namespace caffe

#endif  // TERCET_SOLVER_WATCHED_LOSS_HPP_
