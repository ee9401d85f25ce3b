#!/bin/sh
# One scenario file, three ways to the same agent in real time: in this process, over Twilio's sockets without signatures, and over
# sockets with signatures checked. Each call passes, books its one appointment, and the three transcripts are the same word by word.
. tests/support/tap.sh

token=0123456789abcdef0123456789abcdef
modem="--voice modem --stt modem"
key=book-happy.en-US.modem.clean.1

PORT=
# shellcheck disable=SC2086 # words
serve "$T/open.log" "$T/open" agents/hvac.yaml $modem || { not_ok "serve starts" "$T/open.log"; finish; }
open=$PORT open_server=$SERVER
PORT=
# shellcheck disable=SC2086 # words
CW_TWILIO_AUTH_TOKEN=$token serve "$T/signed.log" "$T/signed" agents/hvac.yaml $modem || { not_ok "serve starts" "$T/signed.log"; finish; }
signed=$PORT signed_server=$SERVER
ok "two servers start"
claim "the one without a token warns" grep -q signatures_unchecked "$T/open.log"
claim "the one with a token does not, nor does it tell the token" sh -c "! grep -Eq 'signatures_unchecked|$token' '$T/signed.log'"

call() { # NAME TARGET
	start "$T/$1.out" "$CALLWRIGHT" test scenarios/hvac/booking.yaml -k '^book-happy$' --voice modem --target "$2" --out "$T/$1"
}
call agent agent:agents/hvac.yaml
agent_run=$PID
call sockets "twilio:http://127.0.0.1:$open/voice"
sockets_run=$PID
CW_TWILIO_AUTH_TOKEN=$token call signatures "twilio:http://127.0.0.1:$signed/voice"
signatures_run=$PID

for name in agent sockets signatures; do
	eval "await 150 \$${name}_run"
	if [ "$CODE" = 0 ]; then
		ok "$name: passes"
	else
		not_ok "$name: passes (exit $CODE)" "$T/$name.out"
	fi
	claim "$name: the recording is whole" "$PROBE" wav "$T/$name/calls/$key/both.wav"
	cut -f 3- "$T/$name/calls/$key/labels.txt" >"$T/$name.words"
done
claim "at least 12 turns were heard" test "$(count_lines "$T/agent.words")" -ge 12
claim "over sockets the same words are spoken and heard" diff "$T/agent.words" "$T/sockets.words"
claim "with signatures as well" diff "$T/agent.words" "$T/signatures.words"

row='SELECT name, phone, address, issue, count(*) FROM appointment'
same "agent: one appointment, the right one" "Maria Lopez|+14155550134|12 Oak Street|no heat|1" "$(sqlite3 "$T/agent/calls/$key/agent.db" "$row")"
same "sockets: one appointment, the right one" "Maria Lopez|+14155550134|12 Oak Street|no heat|1" "$(sqlite3 "$T/open/callwright.db" "$row")"
same "signatures: one appointment, the right one" "Maria Lopez|+14155550134|12 Oak Street|no heat|1" "$(sqlite3 "$T/signed/callwright.db" "$row")"
offered=$(sqlite3 "$T/open/callwright.db" 'SELECT slot FROM appointment')
same "all booked the same slot" "$offered|$offered" "$(sqlite3 "$T/agent/calls/$key/agent.db" 'SELECT slot FROM appointment')|$(sqlite3 "$T/signed/callwright.db" 'SELECT slot FROM appointment')"

# The state behind the agent can be asked by the scenario itself, where the database is known.
cat >"$T/state.yaml" <<END
version: 1
target: twilio:http://127.0.0.1:$open/voice
defaults: {voice: modem}
tests:
  - id: state
    turns: [{say: "Goodbye."}]
    assert:
      - {type: state_equals, db: "{{db}}", sql: "SELECT count(*) AS n, max(phone) AS phone FROM appointment", value: {n: 1, phone: "+14155550134"}}
      - {type: hangup_by, value: agent}
END
expect_exit 0 "state_equals asks the server's database" "$CALLWRIGHT" test "$T/state.yaml" --var "db=$T/open/callwright.db" --out "$T/state"

# What the servers kept.
for name in open signed; do
	calls=0 bad=0
	for wav in "$T/$name"/calls/*.wav; do
		calls=$((calls + 1))
		"$PROBE" wav "$wav" >/dev/null 2>&1 || bad=$((bad + 1))
		"$PROBE" lines "${wav%.wav}.jsonl" >/dev/null 2>&1 || bad=$((bad + 1))
	done
	same "$name: recordings and timelines of its calls are readable" 0 "$bad"
done
same "the open server answered both calls" 2 "$(curl -s "http://127.0.0.1:$open/metrics" | awk '$1 == "callwright_calls_answered_total" { print $2 }')"
same "and none is left" 0 "$(curl -s "http://127.0.0.1:$open/metrics" | awk '$1 == "callwright_calls_live" { print $2 }')"

# ---- a wrong token ----

CW_TWILIO_AUTH_TOKEN=wrong expect_exit 3 "a caller with the wrong token" "$CALLWRIGHT" test scenarios/hvac -k '^say-goodbye$' --voice modem \
	--target "twilio:http://127.0.0.1:$signed/voice" --out "$T/wrong"
expect_grep "is told that the signature was refused" '403' "$T/out"
claim "the secret is in no file of the run" sh -c "! grep -rq '$token' '$T/signatures'"

kill "$open_server" "$signed_server"
await 10 "$open_server"
same "SIGTERM ends an idle server: exit code" 0 "$CODE"
await 10 "$signed_server"
finish
