# tap.sh: what the shell suites (tests/sim, tests/e2e, tests/faults) share. Source it; POSIX sh.
#
# A script states its claims with the functions below, each of which prints one TAP line, and ends with `finish`.
# It runs from the root of the source tree and gets these variables from tests/meson.build:
#
#   CALLWRIGHT  the program           PROBE  tests/support/probe.c, built
#
# $T is a fresh folder, removed at the end unless CW_KEEP is set; processes started by `start` do not outlive the script.
# CLEANUP may name a command to run before.
# Nothing here sleeps longer than it must: `wait_for` looks ten times a second.
# shellcheck shell=sh
set -u

: "${CALLWRIGHT:?path of the program}" "${PROBE:?path of tests/support/probe}"
T=$(mktemp -d "${TMPDIR:-/tmp}/cw-test.XXXXXX") || exit 1
N=0
FAILED=0
STARTED=
unset CW_LISTEN CW_AGENT CW_PUBLIC_URL CW_TWILIO_AUTH_TOKEN CW_TWILIO_AUTH_TOKEN_FILE CW_DATA_DIR CW_STT CW_VOICE CW_TLS_CERT CW_TLS_KEY
unset CW_LOG_LEVEL CW_LOG_FORMAT CW_LANES CW_MAX_CALLS CW_RECORD
SANITIZER=$("$PROBE" sanitizer)
# Instrumented programs are slower: limits on how long something may take are multiplied by this.
SLOW=1
[ "$SANITIZER" = none ] || SLOW=4

at_end() {
	code=$?
	for pid in $STARTED; do
		kill -CONT "$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null
	done
	${CLEANUP:-:}
	if [ -n "${CW_KEEP:-}" ]; then
		echo "# kept: $T"
	else
		rm -rf "$T"
	fi
	exit "$code"
}
trap at_end EXIT
trap 'exit 1' HUP INT TERM

# ---- claims ----

ok() { # TEXT
	N=$((N + 1))
	echo "ok $N - $1"
}

not_ok() { # TEXT [FILE…]: the ends of the files explain it
	N=$((N + 1))
	FAILED=$((FAILED + 1))
	echo "not ok $N - $1"
	shift
	for file in "$@"; do
		[ ! -s "$file" ] || tail -n "${CW_TAIL:-25}" "$file" | sed 's/^/#   /'
	done
}

skip() { # TEXT REASON
	N=$((N + 1))
	echo "ok $N - $1 # SKIP $2"
}

skip_all() { # REASON: the whole script
	skip "all of it" "$1"
	finish
}

note() { echo "# $*"; }

# A claim is a command: it holds when the command succeeds. What it prints shows when it does not.
claim() { # TEXT COMMAND…
	text=$1
	shift
	if "$@" >"$T/claim" 2>&1; then
		ok "$text"
	else
		not_ok "$text" "$T/claim"
	fi
}

same() { # TEXT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		echo "#   expected '$2', got '$3'"
	fi
}

at_most() { # TEXT LIMIT NUMBER
	if [ -n "$3" ] && [ "$3" -le "$2" ] 2>/dev/null; then
		ok "$1 ($3 <= $2)"
	else
		not_ok "$1: expected at most $2, got '$3'"
	fi
}

# Runs a command, its output in $T/out and $T/err, and claims its exit code. $CODE has it afterwards.
expect_exit() { # CODE TEXT COMMAND…
	want=$1
	text=$2
	shift 2
	CODE=0
	"$@" >"$T/out" 2>"$T/err" </dev/null || CODE=$?
	if [ "$CODE" = "$want" ]; then
		ok "$text: exit $want"
	else
		not_ok "$text: expected exit $want, got $CODE" "$T/out" "$T/err"
		echo "#   command: $*"
	fi
}

expect_grep() { # TEXT REGEX FILE
	if grep -Eq -- "$2" "$3"; then
		ok "$1"
	else
		not_ok "$1: no line fits '$2'" "$3"
	fi
}

finish() {
	echo "1..$N"
	[ "$FAILED" = 0 ]
	exit
}

# ---- waiting and running ----

wait_for() { # SECONDS COMMAND…: until it succeeds; 1 when it has not in time
	tenths=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tenths=$((tenths - 1))
		[ "$tenths" -gt 0 ] || return 1
		sleep 0.1
	done
}

# Begin a command in the background; its process id is in $PID, its output in FILE.
start() { # FILE COMMAND…
	file=$1
	shift
	"$@" >"$file" 2>&1 </dev/null &
	PID=$!
	STARTED="$STARTED $PID"
}

alive() { kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

# Wait for a process of `start`: its exit code in $CODE, 124 when it takes longer than SECONDS (it is killed then).
await() { # SECONDS PID
	CODE=0
	# A zombie answers kill -0: look at its state.
	if wait_for "$1" ended "$2"; then
		wait "$2" || CODE=$?
	else
		kill -CONT "$2" 2>/dev/null
		kill -KILL "$2" 2>/dev/null
		wait "$2" 2>/dev/null
		CODE=124
	fi
}

ended() {
	! alive "$1" || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# `callwright serve` on a free port of loopback (or PORT): $SERVER is its process, $PORT where it listens. 1: it did not start.
serve() { # LOG DATA_DIR AGENT [serve's options]
	serve_log=$1 serve_data=$2 serve_agent=$3
	shift 3
	start "$serve_log" "$CALLWRIGHT" serve --listen "127.0.0.1:${PORT:-0}" --agent "$serve_agent" --data-dir "$serve_data" "$@"
	SERVER=$PID
	wait_for $((15 * SLOW)) listening "$serve_log" "$SERVER" || return 1
	PORT=$(sed -n 's|.* on https*://[^:]*:\([0-9]*\)/voice.*|\1|p' "$serve_log" | head -n 1)
	[ -n "$PORT" ]
}

listening() { # LOG PID: it said so, or it is over
	grep -q '^answering as ' "$1" || ended "$2"
}

# ---- runs ----

count_lines() { # FILE
	wc -l <"$1" | tr -d ' '
}

# 95th percentile by nearest rank, rounded up to a whole number, of the numbers on stdin.
p95() {
	sort -n | awk '{ v[NR] = $1 } END { if (NR) { i = int(NR * 0.95); if (i < NR * 0.95) i++; x = v[i]; print (x > int(x)) ? int(x) + 1 : int(x) } }'
}
