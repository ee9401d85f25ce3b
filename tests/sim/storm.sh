#!/bin/sh
# Faults in every tenth step, on every scenario: most calls cannot go well. The program must not crash or hang, must judge every
# call, name what failed with a command to see it again, book nothing twice, and end with a documented exit code.
. tests/support/tap.sh

judge() { # NAME FAULTS N
	run=$T/$1
	CODE=0
	timeout $((200 * SLOW)) "$CALLWRIGHT" test scenarios/hvac --target agent:agents/hvac.yaml --sim --seed 90 -n "$3" -j 2 --faults "$2" \
		--out "$run" >"$T/$1.out" 2>"$T/$1.err" || CODE=$?
	case $CODE in
	0 | 1) ok "$1: exit code $CODE" ;;
	*) not_ok "$1: exit code $CODE is neither 0 nor 1" "$T/$1.out" "$T/$1.err" ;;
	esac
	calls=$(($3 * $("$CALLWRIGHT" test scenarios/hvac --dry-run | sed '$d' | wc -l)))
	same "$1: every call was judged" "$calls" "$("$PROBE" lines "$run/results.jsonl")"
	same "$1: by one of the four verdicts" "$calls" "$("$PROBE" pick "$run/results.jsonl" verdict | grep -cE '^(PASS|FAIL|INVALID|ERROR)$')"
	"$PROBE" pick "$run/results.jsonl" verdict reason | awk -F '\t' '$1 != "PASS" && $2 == ""' >"$T/unexplained"
	same "$1: whatever did not pass says why" 0 "$(count_lines "$T/unexplained")"
	"$PROBE" pick "$run/results.jsonl" key broken | grep -v '	\[\]$' >"$T/broken"
	n=$(count_lines "$T/broken")
	note "$1: $n of $calls calls broke a promise: $(cut -f 2 "$T/broken" | sed 's/[0-9.]* s at [0-9.]* s/N s/' | sort | uniq -c | tr '\n' ';')"
	same "$1: the exit code says whether a promise was broken" "$([ "$n" -gt 0 ] && echo 1 || echo 0)" "$CODE"
	if [ "$n" -gt 0 ]; then
		same "$1: each of them is told with a command to see it again" "$n" "$(grep -c '^    BROKEN: ' "$T/$1.out")"
		expect_grep "$1: with its seed" "^    callwright test .* --seed [0-9]+ -n 1 .*--faults $2" "$T/$1.out"
	fi
	double=0
	for db in "$run"/calls/*/agent.db; do
		[ "$(sqlite3 "$db" 'SELECT count(*) FROM appointment' 2>/dev/null || echo 0)" -le 1 ] || double=$((double + 1))
	done
	same "$1: no call booked twice" 0 "$double"
	bad=0
	for wav in "$run"/calls/*/both.wav; do
		"$PROBE" wav "$wav" >/dev/null 2>&1 || bad=$((bad + 1))
	done
	same "$1: every recording is readable, whatever hit the recorder" 0 "$bad"
}

judge storm 0.1 8
judge hurricane 0.5 2
finish
