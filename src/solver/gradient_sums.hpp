// What a solver wants to know of all parameters' gradients before it updates:
// whether each is a number, and how long they are together. On the GPU it is
// one pass over them and one small copy to the host, however many there are.
#ifndef TERCET_SOLVER_GRADIENT_SUMS_HPP_
#define TERCET_SOLVER_GRADIENT_SUMS_HPP_

#include <vector>

#include "caffe/blob.hpp"
#include "core/device.hpp"

namespace caffe {

class GradientSums {
 public:
  // Whether no gradient holds a value that is not finite, nor, on the CPU, has
  // a sum of absolute values that is not.
  template <typename Dtype>
  bool AreFinite(const vector<Blob<Dtype>*>& params);

  // The sum of all gradients' squares.
  template <typename Dtype>
  double Squares(const vector<Blob<Dtype>*>& params);

 private:
#ifdef TERCET_CUDA
  struct Sums {
    double squares = 0;
    double not_finite = 0;  // how many values
  };
  template <typename Dtype>
  Sums SumsGpu(const vector<Blob<Dtype>*>& params);

  DeviceBytes parts_;
#endif
};

}  // namespace caffe

#endif  // TERCET_SOLVER_GRADIENT_SUMS_HPP_
