#!/bin/sh
# Callers on rails in virtual time, many seeds: every conversation of a plain caller ends with its goal reached, none of any caller is INVALID (left its
# script, contradicted its facts, deadlock), no figures but its own are ever said, the same seed says the same words.
#   CW_SIM_SEEDS=1000 raises the number of calls of each test.
. tests/support/tap.sh

[ "$SANITIZER" = none ] && seeds=${CW_SIM_SEEDS:-200} || seeds=${CW_SIM_SEEDS:-40}
run=$T/run

goals() { # OUT SEED N [options]
	out=$1 seed=$2 n=$3
	shift 3
	timeout $((200 * SLOW)) "$CALLWRIGHT" test scenarios/demos/goals.yaml --sim --seed "$seed" -n "$n" --record none --out "$out" "$@"
}

goals "$run" 100 "$seeds" -j 2 >"$T/out" 2>"$T/err"
note "$(tail -4 "$T/out" | head -1)"
same "each call gave a result" $((seeds * 5)) "$("$PROBE" lines "$run/results.jsonl")"
same "none is invalid or an error" 0 "$("$PROBE" pick "$run/results.jsonl" verdict | grep -cvE '^(PASS|FAIL)$')"
"$PROBE" pick "$run/results.jsonl" test verdict >"$T/verdicts"
for test in goal-plain goal-terse goal-chatty goal-hard-of-hearing; do
	same "$test always reaches its goal" "$seeds" "$(grep -c "^$test	PASS$" "$T/verdicts")"
done
claim "goal-restless nearly always does (it speaks into one utterance in ten, nods and coughs)" test "$(grep -c "^goal-restless	PASS$" "$T/verdicts")" -ge $((seeds * 95 / 100))

# What was said, from the result lines themselves: the caller has two numbers, and may name no other.
"$PROBE" pick "$run/results.jsonl" turns | grep -o '"text":"[^"]*"' | sort -u >"$T/said"
claim "they did not all say the same" test "$(wc -l <"$T/said")" -ge 30
same "figures of the caller's own only" "" "$(sed 's/"text":"//; s/<pause [0-9]*ms>//g; s/415 555 0134//g; s/12 Oak Street//g' "$T/said" | grep '[0-9]' | head -3)"

goals "$T/a" 7 3 >/dev/null 2>&1
goals "$T/b" 7 3 >/dev/null 2>&1
claim "the same seed says the same" cmp "$T/a/results.jsonl" "$T/b/results.jsonl"
goals "$T/c" 8 3 >/dev/null 2>&1
claim "another seed does not" test "$(cksum <"$T/a/results.jsonl")" != "$(cksum <"$T/c/results.jsonl")"
finish
