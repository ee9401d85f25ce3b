#!/bin/sh
# Less and less memory (ulimit -v, from plenty down to what the loader itself needs): `test`, `serve` and `agent check` do their work or
# end with a message and an exit code of theirs. Never a crash, never a hang, never a torn file.
. tests/support/tap.sh

[ "$SANITIZER" = none ] || skip_all "the $SANITIZER sanitizer needs its address space"
ulimit -v unlimited 2>/dev/null
# The least the dynamic loader is content with, in KB.
least=$(awk 'BEGIN { print 30000 }')
while ! (ulimit -v "$least" && "$CALLWRIGHT" --version >/dev/null 2>&1); do
	least=$((least + 2000))
	[ "$least" -lt 2000000 ] || skip_all "the program does not start below 2 GB"
done
note "the loader needs $least KB"

limited() { # KB COMMAND…
	(
		ulimit -v "$1"
		shift
		exec timeout 60 "$@"
	)
}

sweep() { # NAME STEP COUNT ALLOWED_CODES COMMAND…
	name=$1 step=$2 count=$3 allowed=$4
	shift 4
	i=0 bad=0 good=0 codes=
	while [ "$i" -lt "$count" ]; do
		rm -rf "$T/run"
		CODE=0
		limited $((least + i * step)) "$@" >"$T/out" 2>"$T/err" </dev/null || CODE=$?
		codes="$codes $CODE"
		case " $allowed " in
		*" $CODE "*) ;;
		*)
			bad=$((bad + 1))
			note "$((least + i * step)) KB: exit $CODE: $(tail -n 1 "$T/err")"
			;;
		esac
		[ "$CODE" != 0 ] || good=$((good + 1))
		if [ "$CODE" != 0 ] && [ ! -s "$T/err" ] && [ ! -s "$T/out" ]; then
			bad=$((bad + 1))
			note "$((least + i * step)) KB: exit $CODE without a word"
		fi
		if [ -e "$T/run/results.jsonl" ]; then
			"$PROBE" lines "$T/run/results.jsonl" >/dev/null || bad=$((bad + 1))
		fi
		i=$((i + 1))
	done
	note "$name:$codes"
	same "$name: never anything but the exit codes $allowed, always with a word" 0 "$bad"
	claim "$name: works when there is enough" test "$good" -gt 0
}

sweep "test --sim" 1000 40 "0 1 2 3 4" "$CALLWRIGHT" test tests/faults/calls.yaml --sim --out "$T/run"
sweep "agent check" 500 10 "0 2" "$CALLWRIGHT" agent check agents/hvac.yaml
# A server that could start is told to end after a second by `timeout`; 124 is then its word for it.
sweep_serve() {
	i=0 bad=0 up=0
	while [ "$i" -lt 12 ]; do
		CODE=0
		(
			ulimit -v $((least + i * 5000))
			exec timeout --preserve-status 1 "$CALLWRIGHT" serve --listen 127.0.0.1:0 --agent tests/faults/agent.yaml --data-dir "$T/data"
		) >"$T/out" 2>&1 </dev/null || CODE=$?
		case $CODE in
		0) up=$((up + 1)) ;;
		2 | 3) [ -s "$T/out" ] || bad=$((bad + 1)) ;;
		*)
			bad=$((bad + 1))
			note "$((least + i * 5000)) KB: exit $CODE: $(tail -n 1 "$T/out")"
			;;
		esac
		i=$((i + 1))
	done
	same "serve: starts and ends cleanly, or says why it cannot" 0 "$bad"
	claim "serve: starts when there is enough" test "$up" -gt 0
	same "serve: the database is whole" ok "$(sqlite3 "$T/data/callwright.db" 'PRAGMA integrity_check')"
}
sweep_serve
finish
