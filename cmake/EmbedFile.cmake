# Writes a C++ source with a file's bytes in it:
#
#   cmake -DFILE=F -DNAME=kBytes -DSOURCE=F.cpp -P EmbedFile.cmake
#
# defines `const unsigned char kBytes[]` and `const unsigned long kBytesSize` in
# the namespace caffe.
cmake_minimum_required(VERSION 3.20)
file(READ ${FILE} _bytes HEX)
string(LENGTH "${_bytes}" _digits)
math(EXPR _size "${_digits} / 2")
string(REGEX REPLACE "(..)" "0x\\1," _bytes "${_bytes}")
# A line has 16 of them: a compiler's messages would quote one of megabytes.
string(REGEX REPLACE "(................................................................................)"
  "\\1\n" _bytes "${_bytes}")
file(WRITE ${SOURCE} "namespace caffe {
extern const unsigned char ${NAME}[];
extern const unsigned long ${NAME}Size;
const unsigned char ${NAME}[] = {
${_bytes}};
const unsigned long ${NAME}Size = ${_size};
}
")
