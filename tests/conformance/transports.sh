#!/bin/sh
# Proves: one scenario file passes, with real voices and a real recogniser in real time, against our agent in this process, our agent over
# Twilio's sockets, and an agent that is not ours (examples/express-twilio: Express, ws, Twilio's own package) which has a booking afterwards.
. tests/support/tap.sh

SCENARIO=scenarios/transports
LIMIT=$((150 * SLOW))

run_against() { # NAME TARGET
	start "$T/$1.log" "$CALLWRIGHT" test "$SCENARIO" --target "$2" --out "$T/$1"
}
passed() { # NAME PID TEXT
	await "$LIMIT" "$2"
	if [ "$CODE" = 0 ]; then ok "$3"; else not_ok "$3: exit $CODE" "$T/$1.log"; fi
}

# One after the other would take four minutes: the calls share two processors, as calls do.
run_against process agent:agents/hvac.yaml
IN_PROCESS=$PID
if serve "$T/serve.log" "$T/data" agents/hvac.yaml; then
	run_against sockets "twilio:http://127.0.0.1:$PORT/voice"
	passed sockets "$PID" "our agent over Twilio's sockets"
	same "one appointment is in its database" 1 "$(sqlite3 "$T/data/callwright.db" 'SELECT count(*) FROM appointment')"
else
	not_ok "the server starts" "$T/serve.log"
fi
passed process "$IN_PROCESS" "our agent in this process"

if ! command -v node >/dev/null || [ ! -d tests/conformance/node_modules ]; then
	skip "an agent that is not ours" "node, or the packages run.sh installs, are not here"
	finish
fi
start "$T/agent.log" env NODE_PATH="$PWD/tests/conformance/node_modules" node examples/express-twilio/agent.js --port 0
if wait_for 20 grep -q '"port"' "$T/agent.log"; then
	FOREIGN=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$T/agent.log")
	run_against foreign "twilio:http://127.0.0.1:$FOREIGN/voice"
	passed foreign "$PID" "an agent that is not ours"
	curl -s "http://127.0.0.1:$FOREIGN/bookings" >"$T/bookings" 2>&1
	expect_grep "it holds a booking of that call" '"callSid":"CA' "$T/bookings"
else
	not_ok "the foreign agent starts" "$T/agent.log"
fi
finish
