#!/bin/sh
# Run a test and bring its output into strict TAP: cmocka says "not ok … # SKIP" for a skipped test, prints a plan per group, and
# whatever the tested code prints goes between. The exit code stays the test's own.
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$@" >"$out"
rc=$?
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
