# A toolchain file, for the preset `clang`: clang by whatever name it has here,
# the one without a number, or else the oldest that builds the library, first.
find_program(TERCET_CLANG REQUIRED NAMES clang++ clang++-14 clang++-15
  clang++-16 clang++-17 clang++-18 clang++-19 clang++-20 clang++-21)
set(CMAKE_CXX_COMPILER ${TERCET_CLANG})
