#!/bin/sh
# Run a test and bring its output into strict TAP: cmocka says "not ok … # SKIP" for a skipped test, prints a plan per group, and
# whatever the tested code prints goes between. The exit code stays the test's own.
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$@" >"$out"
rc=$?
# A whole test that cannot run here exits with 77 and says why in its plan.
if [ $rc = 77 ]; then
  echo "ok 1 - all of it # SKIP $(sed -n 's/^1\.\.0 # SKIP //p' "$out")"
  echo "1..1"
  exit 0
fi
awk '
  /^1\.\.[0-9]+$/ { next }
  /^(not )?ok [0-9]+/ {
    good = ($1 == "ok") || ($0 ~ /# SKIP/)
    sub(/^(not )?ok [0-9]+/, "")
    print (good ? "ok " : "not ok ") ++n $0
    next
  }
  /^#/ || /^$/ { print; next }
  { print "# " $0 }
  END { print "1.." n + 0 }' "$out"
exit $rc
