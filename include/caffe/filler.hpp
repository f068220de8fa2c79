// Fillers: the initial values of parameters, by `filler { type: ... }`.
//
//   constant           value
//   uniform            in [min, max)
//   gaussian           mean, std; with `sparse: S` each output keeps S inputs
//                      on average and the others are 0
//   xavier             uniform in [-a, a), a = sqrt(3 / n)
//                      (Glorot and Bengio, AISTATS 2010)
//   msra               normal, standard deviation sqrt(2 / n)
//                      (He et al., arXiv 1502.01852)
//   positive_unitball  uniform in [0, 1), then each output's inputs sum to 1
//   bilinear           the interpolation kernel of an upsampling convolution
//
// n is the fan-in, the fan-out or their mean (`variance_norm`): for a blob of
// shape O x I x ..., fan-in = count / O and fan-out = count / I.
#ifndef CAFFE_FILLER_HPP_
#define CAFFE_FILLER_HPP_

#include <memory>

#include "caffe/blob.hpp"
#include "caffe/proto/caffe.pb.h"

namespace caffe {

template <typename Dtype>
class Filler {
 public:
  explicit Filler(const FillerParameter& param) : filler_param_(param) {}
  virtual ~Filler() = default;
  // Writes the data of the blob, from Caffe::rng().
  virtual void Fill(Blob<Dtype>* blob) = 0;

 protected:
  FillerParameter filler_param_;
};

// Error kInput: an unknown type (the nearest is named), or options that make
// no sense (min > max, std < 0, a number that is not finite).
template <typename Dtype>
Filler<Dtype>* GetFiller(const FillerParameter& param);

#ifdef TERCET_CUDA
// Writes the device's data of the blob with the values that the filler of
// these options would draw next; false where it is of a type that only the
// host fills. Errors as above.
template <typename Dtype>
bool FillOnDevice(const FillerParameter& param, Blob<Dtype>* blob);
#endif

}  // namespace caffe

#endif  // CAFFE_FILLER_HPP_
