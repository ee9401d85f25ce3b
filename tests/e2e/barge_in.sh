#!/bin/sh
# Ten callers at once speak into the agent's words, over sockets in real time, twice each. From the caller's onset to the last sample
# of the agent that the caller hears: at most 250 ms at the 95th percentile. From the decision to `clear` on the wire: at most 5 ms.
. tests/support/tap.sh

PORT=
serve "$T/serve.log" "$T/data" agents/hvac.yaml --stt modem --voice modem || { not_ok "serve starts" "$T/serve.log"; finish; }
target=twilio:http://127.0.0.1:$PORT/voice
# One whole booking that begins so goes on beside them.
start "$T/booking.out" "$CALLWRIGHT" test scenarios/hvac/floor.yaml -k '^interrupt-greeting$' --voice modem --target "$target" --out "$T/booking"
booking=$PID

CODE=0
timeout 120 "$CALLWRIGHT" test tests/e2e/barge-in.yaml -n 10 -j 10 --target "$target" --out "$T/run" >"$T/out" 2>"$T/err" || CODE=$?
if [ "$SANITIZER" = none ]; then
	same "ten callers interrupt twice and are understood: exit code" 0 "$CODE"
	[ "$CODE" = 0 ] || not_ok "why not" "$T/out"
fi
same "ten results" 10 "$("$PROBE" lines "$T/run/results.jsonl")"
same "the measures are where they are looked for" "barge_in_stop_ms	barge_in_stop_ms" "$("$PROBE" pick "$T/run/results.jsonl" checks.0.type checks.2.type | sort -u)"
"$PROBE" pick "$T/run/results.jsonl" checks.0.got checks.2.got | tr '\t' '\n' | sed 's/ ms$//' >"$T/stop"
same "all twenty interruptions were measured" 20 "$(grep -cE '^[0-9.]+$' "$T/stop")"
note "ms from the caller's onset to the agent's last sample: $(sort -n "$T/stop" | tr '\n' ' ')"
[ "$SANITIZER" != none ] || at_most "95th percentile, ms" 250 "$(p95 <"$T/stop")"

cat "$T"/data/calls/*.jsonl | grep '"kind":"cleared"' >"$T/cleared"
claim "the server wrote down each clear" test "$(count_lines "$T/cleared")" -ge 20
"$PROBE" pick "$T/cleared" since_decision_us >"$T/clear"
note "us from the decision to clear: $(sort -n "$T/clear" | tr '\n' ' ')"
[ "$SANITIZER" != none ] || at_most "95th percentile from decision to clear, us" 5000 "$(p95 <"$T/clear")"

await 120 "$booking"
if [ "$CODE" = 0 ]; then ok "a booking that began with an interruption passes"; else not_ok "a booking that began with an interruption passes" "$T/booking.out"; fi
same "one appointment" "1|Maria Lopez|+14155550134" "$(sqlite3 "$T/data/callwright.db" 'SELECT count(*), name, phone FROM appointment')"
finish
