#!/bin/sh
# kill -9 of `test` at random moments, again and again: what is on disk is a valid prefix of the results, recordings that play, and
# databases without half a booking. --resume then finishes: every planned call is there once, every booking is there once.
. tests/support/tap.sh
. tests/faults/lib.sh

runs="one two three four"
"$CALLWRIGHT" test tests/faults/calls.yaml -n 2 --dry-run | sed '$d' | awk '{ print $1 }' | sort >"$T/planned"
planned=$(count_lines "$T/planned")

begin() { # NAME: a new run, or the rest of it
	if [ -s "$T/$1/run.json" ]; then
		start "$T/$1.out" "$CALLWRIGHT" test --resume "$T/$1" -j 6
	else
		rm -rf "${T:?}/$1"
		start "$T/$1.out" "$CALLWRIGHT" test tests/faults/calls.yaml -n 2 -j 6 --out "$T/$1"
	fi
	eval "pid_$1=$PID"
}

look() { # NAME ROUND
	results=$T/$1/results.jsonl
	if [ -e "$results" ]; then
		n=$("$PROBE" lines "$results") || n=torn
	else
		n=0
	fi
	note "round $2, run $1: $n of $planned results after the kill"
	case $n in
	torn) not_ok "round $2, run $1: results.jsonl is a valid prefix" ;;
	*) ok "round $2, run $1: results.jsonl is a valid prefix" ;;
	esac
	twice=$([ ! -s "$results" ] || "$PROBE" pick "$results" key | sort | uniq -d)
	same "round $2, run $1: no call twice" "" "$twice"
	same "round $2, run $1: recordings play" 0 "$(unreadable_recordings "$T/$1")"
	same "round $2, run $1: databases are whole" 0 "$(broken_databases "$T/$1")"
}

# Soon after the start; while bookings are made; in between.
round=0
for span in "1 30" "100 165" "1 80"; do
	round=$((round + 1))
	for name in $runs; do
		begin "$name"
	done
	began=$(date +%s%N)
	# shellcheck disable=SC2086 # words
	for name in $runs; do
		echo "$(moment $span) $name"
	done | sort -n >"$T/kills"
	while read -r at name; do
		sleep "$(awk -v at="$at" -v began="$began" -v now="$(date +%s%N)" 'BEGIN { x = at - (now - began) / 1e9; print (x > 0 ? x : 0) }')"
		eval "pid=\$pid_$name"
		# shellcheck disable=SC2154 # set by eval
		kill -KILL "$pid" 2>/dev/null || note "$name was done already"
		wait "$pid" 2>/dev/null
	done <"$T/kills"
	note "round $round: killed after $(tr '\n' ' ' <"$T/kills")s"
	for name in $runs; do
		look "$name" "$round"
	done
done

for name in $runs; do
	begin "$name"
done
for name in $runs; do
	eval "await 120 \$pid_$name"
	if [ "$CODE" = 0 ]; then ok "run $name: --resume finishes it"; else not_ok "run $name: --resume finishes it (exit $CODE)" "$T/$name.out"; fi
	"$PROBE" pick "$T/$name/results.jsonl" key | sort >"$T/keys"
	claim "run $name: every planned call is there, once" diff "$T/planned" "$T/keys"
	same "run $name: all passed" "$planned" "$("$PROBE" pick "$T/$name/results.jsonl" verdict | grep -c '^PASS$')"
	same "run $name: recordings play" 0 "$(unreadable_recordings "$T/$name")"
	same "run $name: databases are whole" 0 "$(broken_databases "$T/$name")"
	rows=$(for db in "$T/$name"/calls/*/agent.db; do sqlite3 "$db" 'SELECT count(*) FROM appointment'; done | sort -n | tr '\n' ' ')
	same "run $name: each booking once, nothing else" "0 0 0 0 1 1 " "$rows"
	for file in summary.json junit.xml report.html; do
		[ -s "$T/$name/$file" ] || not_ok "run $name: $file is there"
	done
done
finish
