# A thin front to CMake and the scripts.
PREFIX ?= /usr/local

.PHONY: all test demo bench install clean

all:
	scripts/setup
	cmake --preset cpu >/dev/null
	cmake --build --preset cpu

test:
	scripts/test

demo:
	scripts/demo

bench:
	scripts/setup
	cmake --preset cpu -DTERCET_BENCH=ON >/dev/null
	cmake --build --preset cpu
	bench/run

install: all
	cmake --install build/cpu --prefix $(PREFIX)

clean:
	rm -rf build .demo
