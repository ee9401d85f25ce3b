#!/bin/sh
# kill -9 of `serve` while calls are booking: callers notice within seconds, nobody waits for ever. A new server on the same folder
# finds a whole database, takes the next calls, and in the end no call has two appointments and no slot two calls.
. tests/support/tap.sh
. tests/faults/lib.sh

servers="left right"

up() { # NAME: on its port of before
	eval "PORT=\${port_$1:-}"
	quick_serve "$T/$1.log" "$T/$1" || return 1
	eval "port_$1=$PORT server_$1=$SERVER"
}

ring() { # NAME ROUND N
	eval "port=\$port_$1"
	# shellcheck disable=SC2154 # set by eval
	start "$T/$1-$2.out" "$CALLWRIGHT" test tests/faults/calls.yaml -k '^book$' -n "$3" -j "$3" --target "twilio:http://127.0.0.1:$port/voice" \
		--out "$T/$1-$2"
	eval "ring_$1=$PID"
}

whole() { # NAME WHEN
	same "$1: the database is whole $2" 0 "$(broken_databases "$T/$1")"
	same "$1: no slot is taken twice $2" 0 "$(sqlite3 "$T/$1/callwright.db" 'SELECT count(*) - count(DISTINCT slot) FROM appointment')"
	same "$1: recordings play $2" 0 "$(unreadable_recordings "$T/$1")"
	calls=$(find "$T/$1/calls" -name '*.wav' | wc -l | tr -d ' ')
	claim "$1: not more appointments than calls $2" test "$(sqlite3 "$T/$1/callwright.db" 'SELECT count(*) FROM appointment')" -le "$calls"
}

for round in 1 2; do
	for name in $servers; do
		claim "$name: the server starts (round $round)" true
		up "$name" || not_ok "$name: the server starts on what the killed one left" "$T/$name.log"
		ring "$name" "$round" 4
	done
	# Bookings are made from the 15th second on; the four want the same slot first.
	at=$(moment 140 220)
	sleep "$at"
	for name in $servers; do
		eval "kill -KILL \$server_$name"
		eval "wait \$server_$name" 2>/dev/null
	done
	began=$(date +%s)
	for name in $servers; do
		eval "await 30 \$ring_$name"
		took=$(($(date +%s) - began))
		at_most "$name: its callers are done, s after the kill (round $round, at $at s)" $((10 * SLOW)) "$took"
		case $CODE in
		0 | 1) ok "$name: exit code $CODE" ;;
		*) not_ok "$name: exit code $CODE" "$T/$name-$round.out" ;;
		esac
		same "$name: every call has its verdict" 4 "$("$PROBE" lines "$T/$name-$round/results.jsonl")"
		"$PROBE" pick "$T/$name-$round/results.jsonl" verdict end.reason reason | grep -v '^PASS' >"$T/lost"
		note "$name, round $round: $(count_lines "$T/lost") of 4 lost"
		same "$name: who was cut off says so" 0 "$(grep -cvE '^FAIL	lost	the call broke off .lost' "$T/lost")"
		whole "$name" "after the kill"
		# A caller that heard "booked" is booked.
		heard=$("$PROBE" pick "$T/$name-$round/results.jsonl" verdict | grep -c '^PASS$')
		rows=$(sqlite3 "$T/$name/callwright.db" 'SELECT count(*) FROM appointment')
		eval "total_$name=\$((\${total_$name:-0} + heard))"
		eval "claim \"$name: as many rows as callers were told of, or more\" test $rows -ge \$total_$name"
	done
done

for name in $servers; do
	up "$name" || not_ok "$name: the server starts on what the killed one left" "$T/$name.log"
	before=$(sqlite3 "$T/$name/callwright.db" 'SELECT count(*) FROM appointment')
	eval "before_$name=$before"
	ring "$name" last 2
done
for name in $servers; do
	eval "await 90 \$ring_$name"
	if [ "$CODE" = 0 ]; then ok "$name: calls after the restart pass"; else not_ok "$name: calls after the restart pass (exit $CODE)" "$T/$name-last.out"; fi
	eval "want=\$((before_$name + 2))"
	# shellcheck disable=SC2154 # set by eval
	same "$name: and book once each" "$want" "$(sqlite3 "$T/$name/callwright.db" 'SELECT count(*) FROM appointment')"
	whole "$name" "at the end"
	eval "kill \$server_$name; await $((15 * SLOW)) \$server_$name"
	same "$name: ends when told to: exit code" 0 "$CODE"
done
finish
