#!/bin/sh
# What a server on a public port must bear: a port that is taken, requests without or with a wrong signature, junk on HTTP and on the
# WebSocket, connections that say nothing. Each is refused with a reason; the call that goes on meanwhile does not notice, and the
# server ends cleanly afterwards.
. tests/support/tap.sh

token=0123456789abcdef0123456789abcdef
modem="--stt modem --voice modem"
PORT=
# shellcheck disable=SC2086 # words
CW_TWILIO_AUTH_TOKEN=$token serve "$T/serve.log" "$T/data" tests/faults/agent.yaml $modem || { not_ok "serve starts" "$T/serve.log"; finish; }
server=$SERVER
port=$PORT
base=http://127.0.0.1:$port
CW_TWILIO_AUTH_TOKEN=$token start "$T/call.out" "$CALLWRIGHT" test tests/faults/calls.yaml -k '^book$' --target "twilio:$base/voice" --out "$T/call"
call=$PID

# ---- a port that is taken ----

# shellcheck disable=SC2086 # words
expect_exit 2 "a second server on the same port" timeout 20 "$CALLWRIGHT" serve --listen "127.0.0.1:$port" --agent tests/faults/agent.yaml --data-dir "$T/other" $modem
expect_grep "says which port" "127.0.0.1:$port.*([Aa]ddress already in use|in use)" "$T/err"
expect_exit 2 "a stand-in on the same port" timeout 20 "$CALLWRIGHT" standin twilio --listen "127.0.0.1:$port"
expect_grep "says so as well" "127.0.0.1:$port" "$T/err"

# ---- signatures: computed here with OpenSSL, so that nothing of ours vouches for itself ----

sign() { # URL [FIELD=VALUE…, in the order of the names]
	text=$1
	shift
	for field in "$@"; do
		text=$text${field%%=*}${field#*=}
	done
	printf %s "$text" | openssl dgst -sha1 -hmac "$token" -binary | openssl base64
}
webhook() { # SIGNATURE or ""
	curl -s -o "$T/body" -w '%{http_code}' --data-urlencode CallSid=CA00000000000000000000000000000001 --data-urlencode From=+15005550006 \
		--data-urlencode To=+15005550001 ${1:+-H "X-Twilio-Signature: $1"} "$base/voice"
}
good=$(sign "$base/voice" CallSid=CA00000000000000000000000000000001 From=+15005550006 To=+15005550001)
same "a webhook without a signature is refused" 403 "$(webhook '')"
same "one with a wrong signature too" 403 "$(webhook 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=')"
same "one signed for other fields too" 403 "$(webhook "$(sign "$base/voice" From=+15005550006)")"
expect_grep "and told why" 'X-Twilio-Signature' "$T/body"
same "the right signature is taken" 200 "$(webhook "$good")"
expect_grep "and answered with TwiML that names the stream" '<Stream url="wss?://127.0.0.1:[0-9]+/media"' "$T/body"
same "GET of the webhook is no call" 4 "$(curl -s -o /dev/null -w '%{http_code}' "$base/voice" | cut -c 1)"
same "other paths are not there" 404 "$(curl -s -o /dev/null -w '%{http_code}' "$base/nothing")"
same "a stream without a signature is refused" 403 "$("$WS_JUNK" "$port" /media '' none | awk '{ print $1 }')"

# ---- junk: a server of its own, without signatures, so that junk comes further ----

PORT=
# shellcheck disable=SC2086 # words
serve "$T/junk.log" "$T/junk-data" tests/faults/agent.yaml $modem || { not_ok "serve starts" "$T/junk.log"; finish; }
junk=$PORT junk_server=$SERVER
# Two which wait for patience to end: they do so beside the others.
for kind in half-frame slow-header; do
	start "$T/$kind.out" "$WS_JUNK" "$junk" /media '' "$kind"
	eval "$(echo $kind | tr - _)=$PID"
done
for kind in unmasked not-json wrong-json media-first binary huge reserved deep bad-base64 twice control; do
	"$WS_JUNK" "$junk" /media '' "$kind" >"$T/junk.out" 2>"$T/junk.err"
	case $(cat "$T/junk.out") in
	"101 closed"*) ok "$kind on the WebSocket: $(cat "$T/junk.out")" ;;
	*) not_ok "$kind on the WebSocket: the connection is closed" "$T/junk.out" "$T/junk.err" ;;
	esac
	same "$kind: the server lives" ok "$(curl -s -m 5 "http://127.0.0.1:$junk/healthz")"
done
for kind in request-garbage long-header; do
	"$WS_JUNK" "$junk" /media '' "$kind" >"$T/junk.out" 2>"$T/junk.err"
	case $(cat "$T/junk.out") in
	4* | 5* | closed*) ok "$kind: $(cat "$T/junk.out")" ;;
	*) not_ok "$kind is refused" "$T/junk.out" "$T/junk.err" ;;
	esac
done
await 20 "$half_frame"
expect_grep "half a frame: $(cat "$T/half-frame.out")" '^101 closed' "$T/half-frame.out"
await 20 "$slow_header"
expect_grep "half a header: $(cat "$T/slow-header.out")" '^(408|closed)' "$T/slow-header.out"
same "a body without end is refused" 413 "$(head -c 3000000 /dev/zero | curl -s -o /dev/null -w '%{http_code}' --data-binary @- "http://127.0.0.1:$junk/voice")"
expect_exit 0 "after all that it still answers a call" timeout 30 "$CALLWRIGHT" test tests/faults/calls.yaml -k '^goodbye$' --target "twilio:http://127.0.0.1:$junk/voice" --out "$T/after"
kill "$junk_server"
await $((20 * SLOW)) "$junk_server"
same "and ends when told to: exit code" 0 "$CODE"

await 60 "$call"
if [ "$CODE" = 0 ]; then ok "the call beside all this passed"; else not_ok "the call beside all this passed" "$T/call.out"; fi
kill "$server"
await $((40 * SLOW)) "$server"
same "its server ends as well: exit code" 0 "$CODE"
finish
