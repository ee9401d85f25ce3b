# The front door. `make help` lists what there is; the work is done by Meson and the scripts in tools/.

BUILD ?= build
JOBS ?= $(shell nproc)
NINJA = ninja -j $(JOBS)
WERROR = $(if $(CI),true,false)

.DEFAULT_GOAL := build
.PHONY: help run build test check format asan tsan fuzz bench coverage valgrind install clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: build  ## install what is needed, build, and play the demo call
	@$(BUILD)/src/callwright demo --out runs/demo

build: $(BUILD)/build.ninja  ## the program: build/src/callwright
	@$(NINJA) -C $(BUILD) --quiet src/callwright

$(BUILD)/build.ninja:
	@tools/install.sh build
	@meson setup $(BUILD) --buildtype=release -Dtests=false -Dbench=false -Dwerror=$(WERROR) >/dev/null

test:  ## everything: unit, simulated, end-to-end, faults, fuzz corpus, conformance, sanitizers
	@tools/test.sh

check:  ## format, lint (clang-tidy, cppcheck), direction of dependencies
	@tools/check.sh

format:  ## bring the sources into the house layout
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs clang-format -i

asan:  ## unit, simulation and end-to-end suites under AddressSanitizer and UBSan
	@tools/sanitize.sh address,undefined

tsan:  ## the suites with threads under ThreadSanitizer
	@tools/sanitize.sh thread

valgrind: build  ## the demo call under valgrind: no definite leaks
	@tools/valgrind.sh

fuzz:  ## fuzz every parser for FUZZ_SECONDS (10) each
	@tools/fuzz.sh

bench:  ## print the tables of bench/
	@tools/bench.sh

coverage:  ## line coverage of the unit and simulation suites
	@tools/coverage.sh

install: build  ## install into PREFIX (/usr/local)
	@meson install -C $(BUILD) --no-rebuild

clean:  ## remove what was built
	@rm -rf build build-*
