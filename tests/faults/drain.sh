#!/bin/sh
# SIGTERM to `serve`: a live call goes on to its end, new ones are refused, the exit code is 0. A call that lasts longer than the
# drain limit (30 s) is ended then. Told twice, the server ends at once.
. tests/support/tap.sh
. tests/faults/lib.sh

modem="--stt modem --voice modem"
ring() { # NAME FILE FILTER: calls the server on $PORT
	start "$T/$1.out" "$CALLWRIGHT" test "$2" -k "$3" --voice modem --target "twilio:http://127.0.0.1:$PORT/voice" --out "$T/$1"
}

PORT=
quick_serve "$T/short.log" "$T/short-data" || { not_ok "serve starts" "$T/short.log"; finish; }
short_server=$SERVER short_port=$PORT
ring short tests/faults/calls.yaml '^book$'
short=$PID

PORT=
# shellcheck disable=SC2086 # words
serve "$T/long.log" "$T/long-data" agents/hvac.yaml $modem || { not_ok "serve starts" "$T/long.log"; finish; }
long_server=$SERVER
ring long scenarios/hvac/booking.yaml '^book-happy$'
long=$PID

PORT=
quick_serve "$T/twice.log" "$T/twice-data" || { not_ok "serve starts" "$T/twice.log"; finish; }
twice_server=$SERVER
ring twice tests/faults/calls.yaml '^book$'
twice=$PID

sleep 4
began=$(date +%s)
kill -TERM "$short_server" "$long_server" "$twice_server"
sleep 1
claim "a server with a call goes on" sh -c "! grep -q '^State:.Z' /proc/$short_server/status"

kill -TERM "$twice_server"
await $((5 * SLOW)) "$twice_server"
same "told twice: exit code" 0 "$CODE"
await $((10 * SLOW)) "$twice"
same "its caller is cut off, and says so" FAIL "$("$PROBE" pick "$T/twice/results.jsonl" verdict)"

CODE=0
timeout 20 "$CALLWRIGHT" test tests/faults/calls.yaml -k '^goodbye$' --target "twilio:http://127.0.0.1:$short_port/voice" --out "$T/late" >"$T/late.out" 2>&1 || CODE=$?
claim "a call that comes while it drains is refused (exit $CODE)" test "$CODE" = 1 -o "$CODE" = 3

await 60 "$short"
if [ "$CODE" = 0 ]; then ok "the live call goes on to its end and passes"; else not_ok "the live call goes on to its end and passes (exit $CODE)" "$T/short.out"; fi
same "its appointment is there" 1 "$(sqlite3 "$T/short-data/callwright.db" 'SELECT count(*) FROM appointment')"
await $((10 * SLOW)) "$short_server"
same "then the server ends: exit code" 0 "$CODE"
same "its recording is whole" 0 "$(unreadable_recordings "$T/short-data")"

await 60 "$long_server"
same "a server whose call does not end: exit code" 0 "$CODE"
took=$(($(date +%s) - began))
claim "it waited about 30 s for it ($took)" test "$took" -ge 28 -a "$took" -le $((33 + 7 * SLOW))
expect_grep "and says that it gave up" 'drain_incomplete' "$T/long.log"
await $((10 * SLOW)) "$long"
same "the caller is cut off, and says so" FAIL "$("$PROBE" pick "$T/long/results.jsonl" verdict)"
same "what was recorded plays" 0 "$(unreadable_recordings "$T/long-data")"
same "the database is whole" 0 "$(broken_databases "$T/long-data")"
finish
