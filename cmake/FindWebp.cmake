# Finds libwebp. Makes the target tercet_deps::webp.
include(FindPackageHandleStandardArgs)

find_path(Webp_INCLUDE_DIR webp/decode.h)
find_library(Webp_LIBRARY webp)
find_package_handle_standard_args(Webp
  REQUIRED_VARS Webp_LIBRARY Webp_INCLUDE_DIR)

if(Webp_FOUND AND NOT TARGET tercet_deps::webp)
  add_library(tercet_deps::webp UNKNOWN IMPORTED)
  set_target_properties(tercet_deps::webp PROPERTIES
    IMPORTED_LOCATION ${Webp_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Webp_INCLUDE_DIR})
endif()
