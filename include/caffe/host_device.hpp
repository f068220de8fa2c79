// TERCET_HD stands before a function that the GPU's code calls as well.
#ifndef TERCET_HOST_DEVICE_HPP_
#define TERCET_HOST_DEVICE_HPP_

#ifdef __CUDACC__
#define TERCET_HD __host__ __device__
#else
#define TERCET_HD
#endif

#endif  // TERCET_HOST_DEVICE_HPP_
