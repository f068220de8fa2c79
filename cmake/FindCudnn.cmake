# Finds cuDNN, 8 or later. Makes the target tercet_deps::cudnn.
include(FindPackageHandleStandardArgs)

find_path(Cudnn_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_library(Cudnn_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR})
if(Cudnn_INCLUDE_DIR AND EXISTS ${Cudnn_INCLUDE_DIR}/cudnn_version.h)
  file(STRINGS ${Cudnn_INCLUDE_DIR}/cudnn_version.h _cudnn_version
    REGEX "^#define CUDNN_(MAJOR|MINOR) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*" "\\1.\\2"
    Cudnn_VERSION "${_cudnn_version}")
endif()
find_package_handle_standard_args(Cudnn
  REQUIRED_VARS Cudnn_LIBRARY Cudnn_INCLUDE_DIR
  VERSION_VAR Cudnn_VERSION)

if(Cudnn_FOUND AND NOT TARGET tercet_deps::cudnn)
  add_library(tercet_deps::cudnn UNKNOWN IMPORTED)
  set_target_properties(tercet_deps::cudnn PROPERTIES
    IMPORTED_LOCATION ${Cudnn_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Cudnn_INCLUDE_DIR})
endif()
