#!/bin/sh
# load, perf and compare as a newcomer runs them: every call is checked, the exit code is the documented one, what is written can be read again.
. tests/support/tap.sh
[ "$SANITIZER" = none ] || skip_all "an instrumented build cannot keep the pace that load is measured at"

cat >"$T/echo.yaml" <<'END'
version: 1
name: Echo
target: agent:agents/echo.yaml
defaults: {channel: clean, timeout_s: 20}
tests:
  - id: echo
    caller: {facts: {what: furnace}}
    turns:
      - say: My furnace stopped working.
        expect: [{type: spoken_contains, value: "{{what}} stopped"}]
      - hang_up: true
        when: {after: agent_end}
    assert: [{type: hangup_by, value: caller}]
END
FAST='--voice modem:wpm=600 --agent-voice modem:wpm=600 --agent-stt modem'

field() { # FILE PATH-IN-PYTHON-WORDS: a member of a JSON file, by grep: "passed": 12
	grep -o "\"$2\": [^,}]*" "$1" | head -n 1 | sed 's/.*: //'
}

# ---- open arrivals ----

# shellcheck disable=SC2086 # words
expect_exit 0 "20 callers a second for 2 s" "$CALLWRIGHT" load "$T/echo.yaml" $FAST --rate 20/s --duration 2s --seed 3 --out "$T/open"
passed=$(field "$T/open/load.json" passed)
claim "all that were meant to come are there and passed" test "$passed" = "$(field "$T/open/load.json" intended)"
claim "about as many as the rate says ($passed of 40)" test "$passed" -ge 20 -a "$passed" -le 60
expect_grep "the knee curve has bands" '^[0-9]+,[0-9]+,[0-9]+,[0-9]+,[0-9]+,1\.0000,' "$T/open/knee.csv"
same "nothing is kept of calls that passed" 0 "$(find "$T/open/calls" -mindepth 1 | wc -l)"

# ---- closed, two lanes, a failing check ----

# shellcheck disable=SC2086
expect_exit 1 "a load whose calls fail" "$CALLWRIGHT" load "$T/echo.yaml" $FAST --concurrency 4 --max-calls 8 --lanes 2 --var what=boiler --out "$T/wrong"
same "says how many" 8 "$(field "$T/wrong/load.json" failed)"
expect_grep "and why" 'FAIL +[0-9]+ x +spoken_contains: expected .*boiler stopped' "$T/out"
same "each is in results.jsonl" 8 "$(grep -c '"verdict":"FAIL"' "$T/wrong/results.jsonl")"
claim "and has a folder with its events" test -s "$(find "$T/wrong/calls" -name events.jsonl | head -n 1)"
# shellcheck disable=SC2086
expect_exit 0 "unless the gate allows it" "$CALLWRIGHT" load "$T/echo.yaml" $FAST -j 2 --max-calls 2 --var what=boiler --min-success 0 --out "$T/allowed"

# ---- mistakes ----

expect_exit 3 "nobody there" "$CALLWRIGHT" load "$T/echo.yaml" --target twilio:http://127.0.0.1:1/voice --rate 5/s --duration 1s --out "$T/nobody"
expect_exit 2 "no rate" "$CALLWRIGHT" load "$T/echo.yaml"
expect_grep "says which options there are" '--rate 10/s' "$T/err"
expect_exit 2 "a stage that is none" "$CALLWRIGHT" load "$T/echo.yaml" --stages 10/s:1s,fast:2s
expect_grep "is named" "stage 'fast:2s'" "$T/err"

# ---- interrupted: what is known is told ----

# shellcheck disable=SC2086
"$CALLWRIGHT" load "$T/echo.yaml" $FAST --rate 5/s --duration 60s --out "$T/cut" >"$T/out" 2>"$T/err" &
pid=$!
STARTED="$STARTED $pid"
sleep 2
kill -INT "$pid"
wait "$pid"
same "an interrupted load ends with 130" 130 $?
expect_grep "and its report" '^verdicts  ' "$T/out"

# ---- perf and compare ----

printf 'name: slow\ntemprature: 1\n' >"$T/wrong-config.yaml"
printf 'name: other voice\nvoice: modem\nvoice_settings: {wpm: 400}\n' >"$T/variant.yaml"
expect_exit 2 "a misspelt key in a configuration" "$CALLWRIGHT" perf agent:agents/echo.yaml --config "$T/wrong-config.yaml"
expect_grep "is named with its place" "wrong-config.yaml:2:1: .*'temperature'" "$T/err"
# shellcheck disable=SC2086
expect_exit 0 "perf in virtual time" "$CALLWRIGHT" perf "$T/echo.yaml" $FAST --stt modem --sim -n 30 -j 2 --out "$T/perf" -o "$T/perf.json"
expect_grep "has percentiles where 30 values allow them" '"p90": [0-9.]+' "$T/perf.json"
claim "and null where they do not" grep -q '"p99": null' "$T/perf.json"
# shellcheck disable=SC2086
expect_exit 0 "perf: the same again" "$CALLWRIGHT" perf "$T/echo.yaml" $FAST --stt modem --sim -n 30 -j 1 --out "$T/perf2" -o "$T/perf2.json"
claim "gives the same figures, whatever the jobs" sh -c "grep -v 'concurrent\|throughput' '$T/perf.json' >'$T/a'; grep -v 'concurrent\|throughput' '$T/perf2.json' | cmp - '$T/a'"
# shellcheck disable=SC2086
expect_exit 0 "A against A" "$CALLWRIGHT" compare -A agent:agents/echo.yaml -B agent:agents/echo.yaml "$T/echo.yaml" $FAST --stt modem --sim -n 8 --out "$T/aa"
expect_grep "shows no difference" 'No difference shown with n = 8 pairs' "$T/out"
# shellcheck disable=SC2086
expect_exit 6 "against a slower voice" "$CALLWRIGHT" compare -A agent:agents/echo.yaml -B agent:agents/echo.yaml --variant-config "$T/variant.yaml" \
	"$T/echo.yaml" $FAST --stt modem --sim -n 12 --out "$T/ab" -o "$T/ab.md"
expect_grep "the longer calls are found" '^\| call_duration, ms .* B worse \|$' "$T/ab.md"
# shellcheck disable=SC2086
"$CALLWRIGHT" test "$T/echo.yaml" $FAST --stt modem --sim -n 4 --out "$T/run1" >"$T/out" 2>&1
# shellcheck disable=SC2086
"$CALLWRIGHT" test "$T/echo.yaml" $FAST --stt modem --sim -n 4 --out "$T/run2" >"$T/out" 2>&1
expect_exit 0 "two stored runs" "$CALLWRIGHT" compare --from "$T/run1" "$T/run2"
expect_grep "are compared; four pairs cannot show anything, and it is said" 'Cannot reach significance with this n' "$T/out"

finish
