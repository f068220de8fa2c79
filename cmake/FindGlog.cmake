# Finds glog. Makes the target tercet_deps::glog.
include(FindPackageHandleStandardArgs)

find_path(Glog_INCLUDE_DIR glog/logging.h)
find_library(Glog_LIBRARY glog)
find_package_handle_standard_args(Glog
  REQUIRED_VARS Glog_LIBRARY Glog_INCLUDE_DIR)

if(Glog_FOUND AND NOT TARGET tercet_deps::glog)
  add_library(tercet_deps::glog UNKNOWN IMPORTED)
  set_target_properties(tercet_deps::glog PROPERTIES
    IMPORTED_LOCATION ${Glog_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Glog_INCLUDE_DIR})
endif()
