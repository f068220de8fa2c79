// What must be around a call of OpenBLAS, so that it runs on the calling thread
// alone. The OpenMP flavour is as before after each call; the pthread flavour
// has one thread from the first call on.
#ifndef TERCET_MATH_BLAS_CALL_HPP_
#define TERCET_MATH_BLAS_CALL_HPP_

namespace caffe {

// While one is there, OpenBLAS's calls of this thread run on this thread. The
// first of the process looks which flavour of OpenBLAS it is, and warns where
// its kernels are not those that the processor could have (UseBestBlasCore).
class BlasCall {
 public:
  // Error kInput where this OpenBLAS cannot be called from several threads.
  BlasCall();
  ~BlasCall();
  BlasCall(const BlasCall&) = delete;
  BlasCall& operator=(const BlasCall&) = delete;

 private:
  const int openmp_threads_;
};

// Says so in the log where UseBestBlasCore() would change the kernels.
void WarnOfBlasCore();

}  // namespace caffe

#endif  // TERCET_MATH_BLAS_CALL_HPP_
