#!/bin/sh
# A server that stands still: for three seconds the call survives, or ends with a verdict; for ever, the tester's limit ends it. A
# tester that stands still harms only itself. Nobody hangs.
. tests/support/tap.sh
. tests/faults/lib.sh

ring() { # NAME [options]: a booking at the server on $PORT
	name=$1
	shift
	start "$T/$name.out" "$CALLWRIGHT" test tests/faults/calls.yaml -k '^book$' --target "twilio:http://127.0.0.1:$PORT/voice" --out "$T/$name" "$@"
}
PORT=
quick_serve "$T/pause.log" "$T/pause-data" || { not_ok "serve starts" "$T/pause.log"; finish; }
pause_server=$SERVER pause_port=$PORT
ring pause
pause=$PID
PORT=
quick_serve "$T/frozen.log" "$T/frozen-data" || { not_ok "serve starts" "$T/frozen.log"; finish; }
frozen_server=$SERVER
ring frozen --timeout 15s
frozen=$PID
PORT=
quick_serve "$T/tester.log" "$T/tester-data" || { not_ok "serve starts" "$T/tester.log"; finish; }
tester_server=$SERVER tester_port=$PORT
ring tester
tester=$PID

sleep 5
kill -STOP "$pause_server" "$frozen_server" "$tester"
sleep 3
kill -CONT "$pause_server" "$tester"

await $((30 * SLOW)) "$frozen"
same "a server that never moves again: the tester ends by its limit: exit code" 1 "$CODE"
same "with a verdict" FAIL "$("$PROBE" pick "$T/frozen/results.jsonl" verdict)"
expect_grep "that names the limit" 'longer than its limit of 15 s' "$T/frozen.out"
claim "and a recording that plays" "$PROBE" wav "$T/frozen/calls/book.en-US.modem.clean.1/both.wav"

await $((60 * SLOW)) "$pause"
case $CODE in
0 | 1) ok "three seconds of standstill: the call ends with a verdict (exit $CODE: $("$PROBE" pick "$T/pause/results.jsonl" verdict reason))" ;;
*) not_ok "three seconds of standstill: exit $CODE" "$T/pause.out" ;;
esac
await $((60 * SLOW)) "$tester"
case $CODE in
0 | 1) ok "a tester that stood still: the call ends with a verdict (exit $CODE: $("$PROBE" pick "$T/tester/results.jsonl" verdict reason))" ;;
*) not_ok "a tester that stood still: exit $CODE" "$T/tester.out" ;;
esac

for port in $pause_port $tester_port; do
	same "no call is left on the server" 0 "$(curl -s -m 5 "http://127.0.0.1:$port/metrics" | awk '$1 == "callwright_calls_live" { print $2 }')"
	expect_exit 0 "it answers the next one" timeout 30 "$CALLWRIGHT" test tests/faults/calls.yaml -k '^goodbye$' --target "twilio:http://127.0.0.1:$port/voice" --out "$T/next-$port"
done
for server in $pause_server $tester_server; do
	kill "$server"
	await $((15 * SLOW)) "$server"
	same "and ends when told to: exit code" 0 "$CODE"
done
same "the databases are whole" 0 "$(broken_databases "$T")"
finish
