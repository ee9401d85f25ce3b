#!/bin/sh
# Many seeds with faults (2 % of each kind at every await point): no crash, no hang, no broken promise, never more than one
# appointment per call. Each line of the run can be had again alone, with the command it prints.
#   CW_SIM_SEEDS=1000 raises the number of calls.
. tests/support/tap.sh

seeds=${CW_SIM_SEEDS:-200}
first=4000
run=$T/run

booking() { # OUT SEED N [options]
	out=$1 seed=$2 n=$3
	shift 3
	timeout $((200 * SLOW)) "$CALLWRIGHT" test scenarios/hvac/booking.yaml -k '^book-happy$' --target agent:agents/hvac.yaml --sim --seed "$seed" \
		-n "$n" --faults 0.02 --out "$out" "$@"
}

expect_exit 0 "$seeds calls under faults keep every promise" booking "$run" "$first" "$seeds" -j 2
cp "$T/out" "$T/big.out"
same "each gave a result" "$seeds" "$("$PROBE" lines "$run/results.jsonl")"
same "none broke a promise" 0 "$("$PROBE" pick "$run/results.jsonl" broken | grep -vc '^\[\]$')"
claim "faults were injected into most calls" test "$("$PROBE" pick "$run/results.jsonl" faults | awk '$1 > 0' | wc -l)" -ge $((seeds * 6 / 10))
claim "and most calls pass in spite of them" test "$("$PROBE" pick "$run/results.jsonl" verdict | grep -c '^PASS$')" -ge $((seeds * 6 / 10))
same "all seeds are distinct" "$seeds" "$("$PROBE" pick "$run/results.jsonl" seed | sort -u | wc -l | tr -d ' ')"

# Bookings are counted in the databases, not taken from the program's own word.
double=0 one=0 wrong=0 damaged=0
for db in "$run"/calls/*/agent.db; do
	[ "$(sqlite3 "$db" 'PRAGMA integrity_check')" = ok ] || damaged=$((damaged + 1))
	case $(sqlite3 "$db" 'SELECT count(*) FROM appointment' 2>/dev/null) in
	0 | '') ;;
	1)
		one=$((one + 1))
		[ "$(sqlite3 "$db" 'SELECT name, phone, address FROM appointment')" = "Maria Lopez|+14155550134|12 Oak Street" ] ||
			{ wrong=$((wrong + 1)); note "$db: $(sqlite3 "$db" 'SELECT * FROM appointment')"; }
		;;
	*) double=$((double + 1)); note "$db: $(sqlite3 "$db" 'SELECT * FROM appointment')" ;;
	esac
done
same "no call booked twice" 0 "$double"
same "no database is damaged" 0 "$damaged"
same "what was booked is what the caller said" 0 "$wrong"
claim "most calls booked" test "$one" -ge $((seeds * 6 / 10))
# The caller cannot be told of a booking that is not there.
"$PROBE" pick "$run/results.jsonl" verdict folder | sed -n 's/^PASS	//p' >"$T/passed"
missing=0
while read -r folder; do
	[ "$(sqlite3 "$run/calls/$folder/agent.db" 'SELECT count(*) FROM appointment')" = 1 ] || missing=$((missing + 1))
done <"$T/passed"
same "every call that passed has its row" 0 "$missing"

# ---- one of them again, alone ----

again() { # TEXT KEY: the printed command gives the very line
	line=$("$PROBE" pick "$run/results.jsonl" key rerun | awk -F '\t' -v key="$2" '$1 == key { print $2 }')
	number=$((number + 1))
	note "$line"
	# The command is written for a shell and a program in the path.
	command=$(printf '%s\n' "$line" | sed "s|^callwright |\"\$CALLWRIGHT\" |")
	eval "$command --out '$T/again-$number'" >"$T/out" 2>"$T/err" || { not_ok "$1: the command ends with $?" "$T/out" "$T/err"; return; }
	# What tells them apart on purpose: which repeat it was in its run, and where its files are.
	n=${2##*.}
	sed "s/\"key\":\"[^\"]*\"/\"key\":\"$2\"/; s/\"folder\":\"[^\"]*\"/\"folder\":\"$2\"/; s/\"repeat\":1,/\"repeat\":$n,/" "$T/again-$number/results.jsonl" >"$T/again"
	grep -F "\"key\":\"$2\"" "$run/results.jsonl" >"$T/once"
	claim "$1" cmp "$T/once" "$T/again"
	claim "$1: with the same recording" cmp "$run/calls/$2/both.wav" "$T/again-$number/calls/${2%.*}.1/both.wav"
}
number=0
passed=$("$PROBE" pick "$run/results.jsonl" verdict faults key | awk -F '\t' '$1 == "PASS" && $2 > 0 { print $3; exit }')
failed=$("$PROBE" pick "$run/results.jsonl" verdict key | awk -F '\t' '$1 != "PASS" { print $2; exit }')
again "a call that passed under faults comes out the same alone" "$passed"
if [ -n "$failed" ]; then
	again "a call that failed comes out the same alone" "$failed"
else
	skip "a call that failed comes out the same alone" "none of $seeds failed"
fi

# The whole run again, one call at a time: nothing depends on what runs beside it.
expect_exit 0 "the first fifty once more with one job" booking "$T/fifty" "$first" 50 -j 1
head -n 50 "$run/results.jsonl" >"$T/a"
claim "give the same lines" cmp "$T/a" "$T/fifty/results.jsonl"
tail -n 2 "$T/big.out" | sed 's/^/# /'
finish
