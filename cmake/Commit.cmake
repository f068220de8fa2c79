# Writes HEADER with the commit that SOURCE stands at, where that has changed:
#
#   cmake -DSOURCE=DIR -DHEADER=FILE -P Commit.cmake
#
# Run by each build. A checkout within another one would not be asked: the
# commit is empty unless SOURCE itself is a checkout, and where there is no git.
cmake_minimum_required(VERSION 3.20)
set(_commit "")
if(EXISTS ${SOURCE}/.git)
  execute_process(
    COMMAND git --no-optional-locks describe --always --exclude=* --abbrev=12
            --dirty=-changed
    WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE _commit OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE _failed)
  if(_failed)
    set(_commit "")
  endif()
endif()
file(CONFIGURE OUTPUT ${HEADER}
  CONTENT "#define TERCET_COMMIT \"@_commit@\"\n" @ONLY)
