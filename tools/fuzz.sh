#!/bin/sh
# Fuzz every target for FUZZ_SECONDS (10) each with libFuzzer, starting from the corpus in the tree. Crashers land in build-fuzz/.
set -eu
cd "$(dirname "$0")/.."
tools/install.sh build test check
[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true -Dbench=false -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C build-fuzz --quiet
for target in build-fuzz/tests/fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  noun=${target##*/fuzz_}
  mkdir -p "build-fuzz/found/$noun"
  echo "== $noun"
  "$target" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build-fuzz/crash-$noun-" \
    -print_final_stats=1 -verbosity=0 "build-fuzz/found/$noun" "tests/fuzz/corpus/$noun" 2>&1 | grep -E 'ERROR|executed_units|SUMMARY' || true
  for crash in build-fuzz/crash-"$noun"-*; do
    [ ! -e "$crash" ] || { echo "crash: $crash"; exit 1; }
  done
done
