#!/bin/sh
# Print the tables of bench/: each a ratio to a reference measured in the same run.
set -eu
cd "$(dirname "$0")/.."
tools/install.sh build test
[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release -Dtests=false -Dbench=true >/dev/null
ninja -C build-bench --quiet
for program in codec quality vad stt sim media; do
  [ -x "build-bench/bench/bench_$program" ] || continue
  echo "== $program"
  "build-bench/bench/bench_$program" "$@"
done
