#!/bin/sh
# Calls in real time, in this process and over Twilio's sockets, keep a journal of their caller's side; each is done again from it bit for
# bit in a fraction of its time. A journal that was changed, cut short or is of another version says so, and so does a call without one.
. tests/support/tap.sh
[ "$SANITIZER" != thread ] || skip_all "one lane and its workers: the address sanitizer runs it, the thread sanitizer has the unit tests"

PORT=
serve "$T/serve.log" "$T/data" agents/hvac.yaml --voice modem --stt modem || { not_ok "serve starts" "$T/serve.log"; finish; }
call() { # NAME TARGET
	start "$T/$1.out" "$CALLWRIGHT" test scenarios/hvac/exits.yaml -k '^(say-goodbye|hang-up-midway)$' --voice modem --target "$2" --out "$T/$1" --journal
}
call agent agent:agents/hvac.yaml
agent_run=$PID
call sockets "twilio:http://127.0.0.1:$PORT/voice"
sockets_run=$PID
for name in agent sockets; do
	eval "await 120 \$${name}_run"
	if [ "$CODE" = 0 ]; then
		ok "$name: passes"
	else
		not_ok "$name: passes (exit $CODE)" "$T/$name.out"
	fi
	expect_exit 0 "$name: both calls again" "$CALLWRIGHT" replay "$T/$name"/calls/* --exact
	same "$name: the same, bit for bit" 2 "$(grep -c 'the same, bit for bit$' "$T/out")"
done

call=$T/sockets/calls/say-goodbye.en-US.modem.clean.1
journal=$call/journal.bin
expect_exit 0 "as JSON" "$CALLWRIGHT" replay "$call" --exact --json
cp "$T/out" "$T/exact.json"
same "it is the same" true "$("$PROBE" pick "$T/exact.json" same)"
# What the caller wrote on its timeline is what the digest is of.
same "frames then and now" 1 "$(grep -o '"frames_sha256":\["\([0-9a-f]*\)","\1"\]' "$T/exact.json" | grep -c .)"

cp "$journal" "$T/kept"
size=$(wc -c <"$journal" | tr -d ' ')
head -c $((size / 2)) "$T/kept" >"$journal"
expect_exit 1 "a journal cut short is not the same" "$CALLWRIGHT" replay "$call" --exact
expect_grep "but as far as it goes" 'CUT SHORT: the same as far as its journal goes' "$T/out"

cp "$T/kept" "$journal"
byte=$(od -An -tu1 -j $((size / 2)) -N 1 "$T/kept" | tr -d ' ')
# shellcheck disable=SC2059 # the format is the byte
printf "\\$(printf %o $((255 - byte)))" | dd of="$journal" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
expect_exit 2 "one byte changed" "$CALLWRIGHT" replay "$call" --exact
expect_grep "is told with its place" 'is damaged at byte [0-9]+' "$T/err"

cp "$T/kept" "$journal"
printf '\007' | dd of="$journal" bs=1 seek=8 conv=notrunc 2>/dev/null
expect_exit 2 "another version" "$CALLWRIGHT" replay "$call" --exact
expect_grep "is named" 'journal of version 7, and this program reads version 1' "$T/err"

cp "$T/sockets/calls/hang-up-midway.en-US.modem.clean.1/journal.bin" "$journal"
expect_exit 2 "the journal of another call" "$CALLWRIGHT" replay "$call" --exact
expect_grep "is refused" 'is of the call .hang-up-midway' "$T/err"

rm "$journal"
expect_exit 2 "a call without a journal" "$CALLWRIGHT" replay "$call" --exact
expect_grep "says how to keep one" 'callwright test --journal' "$T/err"
finish
