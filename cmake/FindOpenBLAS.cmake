# Finds OpenBLAS, its OpenMP flavour before any other: that is the one whose
# calls can be kept on one thread without a word to the rest of the process
# (src/math/blas_call.cpp). The pthread flavour does too, but is set to one
# thread for the whole process; the serial one is refused when it is first
# called.
# Makes the target OpenBLAS::OpenBLAS.
include(FindPackageHandleStandardArgs)

set(_openblas_suffixes openblas-openmp openblas openblas-pthread)
find_path(OpenBLAS_INCLUDE_DIR cblas.h
  PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp
  PATH_SUFFIXES ${_openblas_suffixes})
find_library(OpenBLAS_LIBRARY openblas
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp
  PATH_SUFFIXES ${_openblas_suffixes}
  NO_DEFAULT_PATH)
find_library(OpenBLAS_LIBRARY openblas PATH_SUFFIXES ${_openblas_suffixes})
find_package_handle_standard_args(OpenBLAS
  REQUIRED_VARS OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR)

if(OpenBLAS_FOUND AND NOT TARGET OpenBLAS::OpenBLAS)
  get_filename_component(OpenBLAS_LIBRARY_DIR ${OpenBLAS_LIBRARY} DIRECTORY)
  add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
  set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
    IMPORTED_LOCATION ${OpenBLAS_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${OpenBLAS_INCLUDE_DIR})
endif()
