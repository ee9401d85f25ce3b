#!/bin/sh
# `callwright call`: one call from the terminal to an agent in this process and over sockets: say sentences, type, play a file, keep a
# recording, watch every event. Modem voices, so that each word must come through.
. tests/support/tap.sh

modem="--voice modem --ear modem"
agent="--agent-stt modem --agent-voice modem"
PORT=
serve "$T/serve.log" "$T/data" agents/echo.yaml --stt modem --voice modem || { not_ok "serve starts" "$T/serve.log"; finish; }

# shellcheck disable=SC2086 # words
{
	start "$T/say.out" "$CALLWRIGHT" call agent:agents/echo.yaml $modem $agent --say "The boiler is cold" --say "Goodbye" --record "$T/say.wav"
	say=$PID
	start "$T/sockets.out" "$CALLWRIGHT" call "twilio:http://127.0.0.1:$PORT/voice" $modem --say "The boiler is cold" --say "Goodbye"
	sockets=$PID
	start "$T/events.out" "$CALLWRIGHT" call agent:agents/echo.yaml $modem $agent --say "Goodbye" --timeline
	events=$PID
	start "$T/limit.out" "$CALLWRIGHT" call agent:agents/echo.yaml $modem $agent --say "The boiler is cold" --limit 2s
	limit=$PID
	# Somebody types, waits for the answer, and closes the input.
	(
		sleep 5
		echo "Two plus two"
		sleep 7
	) | "$CALLWRIGHT" call agent:agents/echo.yaml $modem $agent --type >"$T/type.out" 2>&1 &
	type=$!
	STARTED="$STARTED $type"
}

passed() { # NAME PID
	await 60 "$2"
	if [ "$CODE" = 0 ]; then ok "$1: exit 0"; else not_ok "$1: exit $CODE" "$T/$1.out"; fi
}
passed say "$say"
expect_grep "the caller's words" '^ +[0-9.]+ s +caller +The boiler is cold$' "$T/say.out"
expect_grep "the agent's words, with how long it took" '^ +[0-9.]+ s +agent +You said: The boiler is cold\. What else\? +\[after [0-9]+ ms\]$' "$T/say.out"
expect_grep "the end" '^ +[0-9.]+ s +- +hung up: ' "$T/say.out"
expect_grep "how many answers, how fast" '^[0-9]+ answers, mean [0-9]+ ms, slowest [0-9]+ ms' "$T/say.out"
expect_grep "where the recording is" "^recording: $T/say.wav " "$T/say.out"
claim "the recording is whole" "$PROBE" wav "$T/say.wav"

passed sockets "$sockets"
words() { sed -n 's/^ *[0-9.]* s  \(agent\|caller\) *\(.*[^ ]\) *\(\[after.*\)*$/\1 \2/p' "$1" | sed 's/ *\[after.*//'; }
words "$T/say.out" >"$T/a"
words "$T/sockets.out" >"$T/b"
claim "over sockets the transcript is the same" diff "$T/a" "$T/b"
claim "and it is not empty" test "$(count_lines "$T/a")" -ge 4

passed events "$events"
claim "--timeline prints JSON lines and a summary" sh -c "grep '^{' '$T/events.out' >'$T/lines' && '$PROBE' lines '$T/lines'"
for kind in answered speech_started turn_ended say spoke hung_up; do
	expect_grep "among them $kind" "\"kind\":\"$kind\"" "$T/lines"
done

passed type "$type"
expect_grep "what was typed is said" 'caller +Two plus two' "$T/type.out"
expect_grep "and answered" 'agent +.*You said: Two plus two' "$T/type.out"

await 30 "$limit"
expect_grep "--limit ends a call" 'time is up' "$T/limit.out"

# A recorded voice calls again: our own words are cut out of the stereo recording above.
claim "the caller's side of the recording" "$PROBE" left "$T/say.wav" "$T/left.wav"
# shellcheck disable=SC2086 # words
expect_exit 0 "--wav" "$CALLWRIGHT" call agent:agents/echo.yaml $modem $agent --wav "$T/left.wav"
expect_grep "the agent understands the recording of the first call" 'agent +.*You said: The boiler is cold' "$T/out"
finish
