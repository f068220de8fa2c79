# Finds gflags. Makes the target tercet_deps::gflags.
include(FindPackageHandleStandardArgs)

find_path(Gflags_INCLUDE_DIR gflags/gflags.h)
find_library(Gflags_LIBRARY gflags)
find_package_handle_standard_args(Gflags
  REQUIRED_VARS Gflags_LIBRARY Gflags_INCLUDE_DIR)

if(Gflags_FOUND AND NOT TARGET tercet_deps::gflags)
  add_library(tercet_deps::gflags UNKNOWN IMPORTED)
  set_target_properties(tercet_deps::gflags PROPERTIES
    IMPORTED_LOCATION ${Gflags_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Gflags_INCLUDE_DIR})
endif()
