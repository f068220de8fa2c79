// The centre loss over rows, on pointers: distances to the centre of each
// row's class, their gradient, and the centres' own update. What the sum is
// divided by, and where the classes come from, is left to the layer.
//
// x is N x D, centers is C x D; class_of has N values, -1 where a row has no
// class and counts for nothing, else 0 ... C - 1. With c(i) the centre of row
// i's class:
//
//   distance_i = |x_i - c(i)|^2
//   update_j   = the sum over the rows i of class j of (c_j - x_i)
//                / (1 + their number)
//
// The update is equation 4 of the paper. It is not the derivative of the
// distances: the divisor keeps a class with many rows in the batch from moving
// faster than the others.
//
// Wen, Zhang, Li, Qiao: A discriminative feature learning approach for deep
// face recognition, ECCV 2016.
#ifndef CAFFE_LOSS_CENTER_HPP_
#define CAFFE_LOSS_CENTER_HPP_

#include <cstdint>

namespace caffe {
namespace metric {

// distances has N values; 0 where there is no class.
template <typename T>
void CenterDistances(const T* x, const T* centers, const int* class_of,
                     int64_t N, int64_t D, T* distances);

// dx_i = scale (x_i - c(i)), overwriting; 0 where there is no class. This is
// half of the distances' derivative.
template <typename T>
void CenterGradient(const T* x, const T* centers, const int* class_of, T scale,
                    int64_t N, int64_t D, T* dx);

// Adds update_j to row j of updates (C x D), for the classes that occur.
// scratch has CenterScratch(N) values.
inline int64_t CenterScratch(int64_t N) { return 2 * N; }
template <typename T>
void CenterUpdates(const T* x, const T* centers, const int* class_of,
                   int64_t N, int64_t D, int* scratch, T* updates);

#ifdef TERCET_CUDA
// The same, with all arrays on the device. The scale is
// *loss_diff / *normalizer.
template <typename T>
void CenterDistancesGpu(const T* x, const T* centers, const int* class_of,
                        int64_t N, int64_t D, T* distances);
template <typename T>
void CenterGradientGpu(const T* x, const T* centers, const int* class_of,
                       const T* loss_diff, const double* normalizer, int64_t N,
                       int64_t D, T* dx);
template <typename T>
void CenterUpdatesGpu(const T* x, const T* centers, const int* class_of,
                      int64_t N, int64_t D, int* scratch, T* updates);
#endif

}  // namespace metric
}  // namespace caffe

#endif  // CAFFE_LOSS_CENTER_HPP_
