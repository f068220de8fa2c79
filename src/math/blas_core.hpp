// Which of its sets of kernels OpenBLAS works with.
#ifndef TERCET_MATH_BLAS_CORE_HPP_
#define TERCET_MATH_BLAS_CORE_HPP_

namespace caffe {

// To be called before any call of BLAS; from the second time on it costs
// nothing. OpenBLAS before 0.3.25 takes processors that are newer than itself
// for a Prescott of 2004, and is then three times as slow as it could be. Where
// it does, and OPENBLAS_CORETYPE does not say that it should, this has it
// choose again, with what the processor really has.
void PrepareBlas();

}  // namespace caffe

#endif  // TERCET_MATH_BLAS_CORE_HPP_
