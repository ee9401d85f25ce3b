#!/bin/sh
# One seed, one call: every scenario that ships passes in virtual time, and two runs with the same seed leave the same bytes:
# results, recordings, events, transcripts, labels and the reports made of them. Another seed leaves others.
. tests/support/tap.sh

run() { # NAME SEED [options]
	name=$1 seed=$2
	shift 2
	expect_exit 0 "$name" "$CALLWRIGHT" test scenarios/hvac --target agent:agents/hvac.yaml --sim --seed "$seed" --out "$T/$name" "$@"
}

run first 7 -o "$T/first.jsonl"
run second 7 -o "$T/second.jsonl"
run third 7 -j 2

tests=$("$CALLWRIGHT" test scenarios/hvac --list | sed -n '$s/ tests, .*//p')
same "every test of scenarios/hvac was called once" "$tests" "$("$PROBE" lines "$T/first/results.jsonl")"
claim "there are at least 12 of them" test "$tests" -ge 12
same "all of them pass" "$tests" "$("$PROBE" pick "$T/first/results.jsonl" verdict | grep -c '^PASS$')"

claim "results.jsonl is the same, byte for byte" cmp "$T/first/results.jsonl" "$T/second/results.jsonl"
claim "so is the file asked for with -o" cmp "$T/first.jsonl" "$T/second.jsonl"
claim "and it holds what results.jsonl holds" test "$(count_lines "$T/first.jsonl")" = "$tests"
claim "two calls at a time change nothing" cmp "$T/first/results.jsonl" "$T/third/results.jsonl"

# Databases are compared by what is in them: SQLite's files hold what was deleted, too.
differ=0
files=0
for file in "$T"/first/calls/*/*; do
	other=$T/second/${file#"$T/first/"}
	case $file in
	*.db-wal | *.db-shm) continue ;;
	*.db)
		sqlite3 "$file" .dump >"$T/a"
		sqlite3 "$other" .dump >"$T/b"
		cmp -s "$T/a" "$T/b" || { note "differs: $file"; differ=$((differ + 1)); }
		;;
	*) cmp -s "$file" "$other" || { note "differs: $file"; differ=$((differ + 1)); } ;;
	esac
	files=$((files + 1))
done
same "recordings, events, transcripts, labels, waterfalls, levels and bookings of all calls are the same" 0 "$differ"
claim "each call left at least these seven" test "$files" -ge $((tests * 7))
for file in summary.json summary.md junit.xml; do
	claim "$file is the same" cmp "$T/first/$file" "$T/second/$file"
done

bad=0
for wav in "$T"/first/calls/*/both.wav; do
	"$PROBE" wav "$wav" >"$T/wav" 2>&1 && grep -q '^8000 2 ' "$T/wav" || { note "$(cat "$T/wav")"; bad=$((bad + 1)); }
done
same "every recording is 8 kHz stereo with a true header" 0 "$bad"

# A seed means something: with noise on the line another one gives another recording.
expect_exit 0 "another seed passes as well" "$CALLWRIGHT" test scenarios/hvac -k '^cafe$' --target agent:agents/hvac.yaml --sim --seed 8 --out "$T/other"
call=calls/cafe.en-US.modem.cafe.1
if cmp -s "$T/first/$call/both.wav" "$T/other/$call/both.wav"; then
	not_ok "another seed gives other noise"
else
	ok "another seed gives other noise"
fi
finish
