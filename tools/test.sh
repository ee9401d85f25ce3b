#!/bin/sh
# make test: everything a change must pass. The last line printed is "N passed, N failed[, N skipped]".
#   CW_SUITES="unit sim e2e" make test    runs only these suites (no sanitizer builds)
set -u
cd "$(dirname "$0")/.."
tools/install.sh build test || exit 1

log=build-test/callwright-tests.log
werror=$([ -n "${CI:-}" ] && echo true || echo false)
[ -f build-test/build.ninja ] || meson setup build-test -Dwerror="$werror" >/dev/null || exit 1
ninja -C build-test --quiet || exit 1
: >"$log"

# run DIR NAME [meson test options]: one run of a build's suites; its TAP lines are gathered for the count
run() {
  dir=$1 name=$2
  shift 2
  echo "== $name"
  rm -f "$dir/meson-logs/callwright-$name"*.txt
  meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "callwright-$name" "$@" >"$dir/meson-logs/$name.out" 2>&1
  rc=$?
  grep -vE '^(ninja|$)' "$dir/meson-logs/$name.out" | tail -400
  cat "$dir/meson-logs/callwright-$name"*.txt >>"$log"
  [ $rc = 0 ] || broken=1
}
broken=0

if [ -n "${CW_SUITES:-}" ]; then
  suites=
  for s in $CW_SUITES; do suites="$suites --suite $s"; done
  # shellcheck disable=SC2086
  run build-test suites $suites
else
  tools/check-layers.sh || broken=1
  run build-test all
  if [ -z "${CW_QUICK:-}" ]; then
    for kind in address,undefined thread; do
      short=$(echo "$kind" | cut -c1-4)
      tools/sanitize.sh "$kind" >"build-test/sanitize-$short.out" 2>&1 || { broken=1; tail -150 "build-test/sanitize-$short.out"; }
      echo "== sanitizer: $kind"
      cat "build-$short/meson-logs/testlog.txt" >>"$log" 2>/dev/null
    done
  fi
fi

# Sub-test lines are indented or not: count each TAP result once; skips say why on their line.
passed=$(grep -cE '^ *ok [0-9]+' "$log")
skipped=$(grep -cE '^ *ok [0-9]+.*# SKIP' "$log")
failed=$(grep -cE '^ *not ok [0-9]+' "$log")
passed=$((passed - skipped))
grep -E '^ *ok [0-9]+.*# SKIP' "$log" | sort -u
[ $broken = 0 ] || [ "$failed" -gt 0 ] || failed=1
if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
