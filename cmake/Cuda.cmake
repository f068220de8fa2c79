# Decides whether the GPU code is built: TERCET_WITH_CUDA is true where it
# was asked for and a CUDA compiler is found. Without one the build is a
# clean CPU build. It is built for the GPU of this machine, or for all kinds
# (each major architecture) where there is none, unless
# CMAKE_CUDA_ARCHITECTURES says. TERCET_CUDA_HOST compiles the same code for
# the host instead, which runs it without a GPU, slowly: for tests
# (test/cuda_host). TERCET_WITH_CUDNN is true where the GPU code is built and
# cuDNN is wanted and found.
set(TERCET_WITH_CUDA OFF)
set(TERCET_WITH_CUDNN OFF)
if(TERCET_CUDA_HOST)
  set(TERCET_WITH_CUDA ON)
  set(TERCET_WITH_CUDNN ${TERCET_CUDNN})
  set(CMAKE_CUDA_ARCHITECTURES "the host")
elseif(TERCET_CUDA)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      execute_process(COMMAND nvidia-smi -L
        OUTPUT_VARIABLE _gpus ERROR_QUIET RESULT_VARIABLE _no_gpu)
      if(NOT _no_gpu AND _gpus MATCHES "GPU 0")
        set(CMAKE_CUDA_ARCHITECTURES native)
      else()
        set(CMAKE_CUDA_ARCHITECTURES all-major)
      endif()
    endif()
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
    set(CMAKE_CUDA_STANDARD 17)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    set(TERCET_WITH_CUDA ON)
    if(TERCET_CUDNN)
      find_package(Cudnn 8)
      set(TERCET_WITH_CUDNN ${Cudnn_FOUND})
    endif()
    if(TERCET_WITH_CUDNN)
      message(STATUS "cuDNN ${Cudnn_VERSION}: it does convolution and more")
    else()
      message(STATUS "No cuDNN: our own kernels and cuBLAS do all")
    endif()
    message(STATUS
      "CUDA ${CUDAToolkit_VERSION}: building the GPU code for ${CMAKE_CUDA_ARCHITECTURES}")
  else()
    message(STATUS "No CUDA compiler: building for the CPU only")
  endif()
endif()
