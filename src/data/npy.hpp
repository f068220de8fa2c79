#ifndef TERCET_DATA_NPY_HPP_
#define TERCET_DATA_NPY_HPP_

// NumPy's .npy files, format versions 1 to 3: little-endian float32 and float64
// in C order, any rank. Read as float or double, whichever the file holds;
// written as the caller's type.
//
//   bytes 0-5 "\x93NUMPY", 6 major, 7 minor, header length (2 bytes; 4 from
//   version 2), then a Python dict {'descr': '<f4', 'fortran_order': False,
//   'shape': (2, 3), }, padded with spaces to a multiple of 64 bytes and ended
//   with a newline, then the values.

#include <string>
#include <vector>

namespace caffe {

template <typename Dtype>
struct NpyArray {
  std::vector<int> shape;  // {} for a scalar
  std::vector<Dtype> data;
};

// Throws Error(kInput), one line with the path, for what is missing, no .npy,
// another type or order, truncated, or longer than its shape says. Nothing is
// allocated before the sizes agree.
template <typename Dtype>
NpyArray<Dtype> ReadNpy(const std::string& path);

// Written beside and renamed (caffe/util/io.hpp). `data` holds the product of
// `shape`.
template <typename Dtype>
void WriteNpy(const std::string& path, const std::vector<int>& shape,
              const Dtype* data);

}  // namespace caffe

#endif  // TERCET_DATA_NPY_HPP_
