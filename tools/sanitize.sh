#!/bin/sh
# tools/sanitize.sh address,undefined | thread: the unit, simulation and end-to-end suites in an instrumented build.
set -eu
cd "$(dirname "$0")/.."
kind=$1
tools/install.sh build test
dir=build-$(echo "$kind" | cut -c1-4)
[ -f "$dir/build.ninja" ] || meson setup "$dir" -Db_sanitize="$kind" -Db_lundef=false -Dbench=false -Doptimization=1 >/dev/null
ninja -C "$dir" --quiet
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:strict_string_checks=1 LSAN_OPTIONS=suppressions="$PWD/tools/lsan.supp"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions="$PWD/tools/tsan.supp"
case $kind in
  thread) suites='--suite world --suite speech --suite store --suite e2e --suite base' ;;
  *) suites='--suite unit --suite sim --suite e2e --suite fuzz' ;;
esac
# shellcheck disable=SC2086 # a list of options
meson test -C "$dir" --no-rebuild --print-errorlogs --timeout-multiplier 5 $suites
