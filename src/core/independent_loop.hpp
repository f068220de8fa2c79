// TERCET_INDEPENDENT_LOOP, before a loop whose turns do not read what other
// turns write, so that the compiler need not ask whether they might. Clang
// asks when the program runs, which costs little.
#ifndef TERCET_CORE_INDEPENDENT_LOOP_HPP_
#define TERCET_CORE_INDEPENDENT_LOOP_HPP_

#if defined(__GNUC__) && !defined(__clang__)
#define TERCET_INDEPENDENT_LOOP _Pragma("GCC ivdep")
#else
#define TERCET_INDEPENDENT_LOOP
#endif

#endif  // TERCET_CORE_INDEPENDENT_LOOP_HPP_
