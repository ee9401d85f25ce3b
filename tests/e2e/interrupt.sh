#!/bin/sh
# Ctrl-C during `test`: exit 130, what was finished is on disk with its reports, and --resume does the rest and nothing twice.
. tests/support/tap.sh
[ "$SANITIZER" != thread ] || skip_all "a second Ctrl-C under the thread sanitizer once ended with another code than 130: open"

start "$T/real.out" "$CALLWRIGHT" test tests/faults/calls.yaml -n 2 -j 6 --out "$T/real"
real=$PID
start "$T/sim.out" "$CALLWRIGHT" test scenarios/hvac --sim -n 400 --target agent:agents/hvac.yaml --record none --out "$T/sim"
sim=$PID

wait_for $((20 * SLOW)) sh -c "[ \$(wc -l <'$T/sim/results.jsonl') -ge 20 ]"
kill -INT "$sim"
await $((15 * SLOW)) "$sim"
same "in virtual time: exit code" 130 "$CODE"
n=$("$PROBE" lines "$T/sim/results.jsonl")
claim "whole lines only" test "${n:-0}" -ge 20
claim "not all of them" test "${n:-9999}" -lt 8400
claim "junit.xml has a case for each of them, and the rest as skipped" test "$(grep -c "<testcase" "$T/sim/junit.xml")" -eq $((n + $(grep -c "<skipped" "$T/sim/junit.xml")))

# The short calls are over by now, the bookings are not.
wait_for 20 sh -c "[ \$(wc -l <'$T/real/results.jsonl') -ge 4 ]"
kill -INT "$real" # the first lets the calls on the line end, the second ends them
sleep 1
claim "the first Ctrl-C lets calls end" kill -0 "$real"
kill -INT "$real"
began=$(date +%s)
await $((15 * SLOW)) "$real"
same "in real time: exit code" 130 "$CODE"
at_most "at once, s" $((5 * SLOW)) $(($(date +%s) - began))
n=$("$PROBE" lines "$T/real/results.jsonl")
claim "partial results" test "${n:-0}" -ge 4 -a "${n:-0}" -lt 6
for file in summary.json junit.xml report.html; do
	claim "$file is there" test -s "$T/real/$file"
done
bad=0
for wav in "$T"/real/calls/*/both.wav; do
	"$PROBE" wav "$wav" >/dev/null || bad=$((bad + 1))
done
same "recordings of the calls that were cut off are readable" 0 "$bad"

expect_exit 0 "--resume" timeout 90 "$CALLWRIGHT" test --resume "$T/real"
"$PROBE" pick "$T/real/results.jsonl" key | sort >"$T/keys"
"$CALLWRIGHT" test tests/faults/calls.yaml -n 2 --dry-run | sed '$d' | awk '{ print $1 }' | sort >"$T/planned"
claim "every planned call is there, once" diff "$T/planned" "$T/keys"
same "--resume of a finished run has nothing to do" 0 "$("$CALLWRIGHT" test --resume "$T/real" >"$T/out" 2>&1; echo $?)"
same "and adds nothing" 6 "$("$PROBE" lines "$T/real/results.jsonl")"
finish
