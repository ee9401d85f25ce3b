#!/bin/sh
# Every mistake a user can make with files, options, targets and engines ends in a message that says where and what to do, and in
# the documented exit code: 2 usage or a faulty file, 3 nobody there, 5 nothing selected. No mistake leaves a run behind.
. tests/support/tap.sh

HVAC='--target agent:agents/hvac.yaml'

# ---- agent files ----

sed 's/^    collect: issue/    colect: issue/' agents/hvac.yaml >"$T/key.yaml"
line=$(grep -n colect "$T/key.yaml" | head -n 1 | cut -d : -f 1)
for command in "agent check $T/key.yaml" "serve --listen 127.0.0.1:0 --data-dir $T/data --agent $T/key.yaml" "call agent:$T/key.yaml --say hello" \
	"test scenarios/hvac --sim --target agent:$T/key.yaml --out $T/run"; do
	# shellcheck disable=SC2086 # words
	expect_exit 2 "${command%% *} with a misspelt key in the agent file" "$CALLWRIGHT" $command
	expect_grep "names file, line, column and the nearest key" "key.yaml:$line:5: unknown key 'colect', did you mean 'collect'" "$T/err"
done
sed 's/^    next: phone/    next: phon/' agents/hvac.yaml >"$T/state.yaml"
expect_exit 2 "a state that leads nowhere" "$CALLWRIGHT" agent check "$T/state.yaml"
expect_grep "is named with its place" "state.yaml:$(grep -n 'next: phon$' "$T/state.yaml" | cut -d : -f 1):[0-9]+: .*'phon'" "$T/err"
expect_grep "and the nearest state" "'phone'" "$T/err"
printf 'version: 1\nname: [\n' >"$T/syntax.yaml"
expect_exit 2 "no YAML at all" "$CALLWRIGHT" agent check "$T/syntax.yaml"
expect_grep "is said with its place" 'syntax.yaml:[0-9]+:[0-9]+: ' "$T/err"
expect_exit 2 "an agent file that is not there" "$CALLWRIGHT" agent check "$T/nosuch.yaml"
expect_grep "is named" 'nosuch.yaml: .*No such file' "$T/err"

# ---- scenario files ----

scenario() { # the lines on stdin are a scenario file; what follows is expected
	{
		printf 'version: 1\ntarget: agent:agents/hvac.yaml\n'
		cat
	} >"$T/scenario.yaml"
	expect_exit 2 "$1" "$CALLWRIGHT" test "$T/scenario.yaml" --sim --out "$T/run"
	expect_grep "says where and what: $2" "scenario.yaml:$2" "$T/err"
}
scenario "an unknown key in a turn" "6:9: unknown key 'sey', did you mean 'say'" <<'END'
tests:
  - id: a
    turns:
      - sey: hello
    assert: [{type: hangup_by, value: agent}]
END
scenario "a test that asserts nothing" "4:5: test 'a' asserts nothing" <<'END'
tests:
  - id: a
    turns: [{say: hello}]
END
scenario "an unknown assertion" "6:[0-9]+: .*'hangup_bye'.*'?hangup_by'?" <<'END'
tests:
  - id: a
    turns: [{say: hello}]
    assert: [{type: hangup_bye, value: agent}]
END
scenario "an assertion without its value" "6:[0-9]+: .*value" <<'END'
tests:
  - id: a
    turns: [{say: hello}]
    assert: [{type: hangup_by}]
END
scenario "a variable nobody sets" "[0-9]+:[0-9]+: .*nobody" <<'END'
tests:
  - id: a
    turns: [{say: "I am {{nobody}}."}]
    assert: [{type: hangup_by, value: agent}]
END
scenario "the same id twice" "[0-9]+:[0-9]+: .*'a'" <<'END'
tests:
  - id: a
    turns: [{say: hello}]
    assert: [{type: hangup_by, value: agent}]
  - id: a
    turns: [{say: hello}]
    assert: [{type: hangup_by, value: agent}]
END
scenario "broken YAML" "[0-9]+:[0-9]+: not valid YAML" <<'END'
tests: [
END
expect_exit 2 "a scenario file that is not there" "$CALLWRIGHT" test "$T/nosuch.yaml" --sim
expect_grep "is named" 'nosuch.yaml: cannot be opened: No such file' "$T/err"
expect_exit 2 "a test without a target" sh -c "sed '/^target:/d' scenarios/hvac/exits.yaml >'$T/untargeted.yaml'; '$CALLWRIGHT' test '$T/untargeted.yaml' --sim"
expect_grep "is told how to give one" 'untargeted.yaml:[0-9]+: .* has no target: give --target agent:FILE' "$T/err"

# ---- options ----

expect_exit 2 "an unknown command" "$CALLWRIGHT" tset
expect_grep "names the nearest" "unknown command 'tset': did you mean 'test'" "$T/err"
expect_exit 2 "an unknown option" "$CALLWRIGHT" test scenarios/hvac --sime
expect_grep "names the nearest" "unknown option '--sime': did you mean --sim" "$T/err"
expect_exit 2 "an option without its value" "$CALLWRIGHT" test scenarios/hvac --seed
expect_grep "says what is needed" "'--seed' needs a whole number" "$T/err"
expect_exit 2 "an option with a wrong value" "$CALLWRIGHT" test scenarios/hvac --sim --timeout soon
expect_grep "says what is expected" "'--timeout': 'soon' is not a duration like" "$T/err"
expect_exit 2 "faults in real time" "$CALLWRIGHT" test scenarios/hvac --faults 0.1
expect_grep "says what they need" '--faults.* needs --sim' "$T/err"
expect_exit 2 "a report of an unknown kind" "$CALLWRIGHT" test scenarios/hvac --sim -o report.pdf
expect_grep "names the known kinds" "report.pdf.*\.jsonl .*\.xml" "$T/err"
expect_exit 2 "a filter that is no regular expression" "$CALLWRIGHT" test scenarios/hvac --sim -k '('
expect_grep "says where it fails" 'regular expression /\(/ fails at character' "$T/err"
expect_exit 2 "no files" "$CALLWRIGHT" test
expect_exit 2 "--resume of what is no run" "$CALLWRIGHT" test --resume "$T"
expect_exit 2 "call without anybody to call" "$CALLWRIGHT" call
expect_exit 2 "serve with an address that is none" "$CALLWRIGHT" serve --listen nowhere --data-dir "$T/data"
expect_grep "says what one looks like" "'nowhere' is not ADDRESS:PORT|expected HOST:PORT" "$T/err"

# ---- targets ----

expect_exit 2 "an unknown kind of target" "$CALLWRIGHT" test scenarios/hvac --target twillio:http://127.0.0.1:1/voice
expect_grep "names the nearest" "did you mean 'twilio:'" "$T/err"
expect_exit 2 "a bare URL as target" "$CALLWRIGHT" test scenarios/hvac --target http://127.0.0.1:1/voice
expect_grep "is told how to write it" 'twilio:http://127.0.0.1:1/voice' "$T/err"
expect_exit 2 "a socket in virtual time" "$CALLWRIGHT" test scenarios/hvac --sim --target twilio:http://127.0.0.1:1/voice
expect_grep "is told why not" 'leave out --sim' "$T/err"
expect_exit 3 "a target nobody listens at" "$CALLWRIGHT" test scenarios/hvac -k '^book-happy$' --voice modem --target twilio:http://127.0.0.1:1/voice --out "$T/unreachable"
expect_grep "is named, with the reason" 'ERROR .*target twilio:http://127.0.0.1:1/voice .*[Cc]onnection refused' "$T/out"
same "the result says ERROR" ERROR "$("$PROBE" pick "$T/unreachable/results.jsonl" verdict)"
expect_exit 3 "call to nobody" "$CALLWRIGHT" call twilio:http://127.0.0.1:1/voice --say hello --voice modem --ear modem
expect_grep "says so" 'unreachable: .*[Cc]onnection refused' "$T/err"

# ---- engines ----

# shellcheck disable=SC2086 # words
{
	expect_exit 2 "an unknown voice of the caller" "$CALLWRIGHT" test scenarios/hvac -k '^book-happy$' $HVAC --voice nosuch:x --out "$T/voice"
	expect_grep "names the known ones" "unknown voice 'nosuch:x'; known engines: flite:NAME, espeak:NAME, modem" "$T/err"
	expect_exit 2 "an unknown recogniser of the caller" "$CALLWRIGHT" test scenarios/hvac -k '^book-happy$' $HVAC --sim --stt nosuch --out "$T/stt"
	expect_grep "names the known ones" "unknown recogniser 'nosuch'; known: pocketsphinx, modem" "$T/err"
	expect_exit 2 "an unknown recogniser of the agent" "$CALLWRIGHT" test scenarios/hvac -k '^book-happy$' $HVAC --sim --agent-stt nosuch --out "$T/agent-stt"
}
expect_exit 2 "serve with an unknown voice" "$CALLWRIGHT" serve --voice nosuch:x --listen 127.0.0.1:0 --data-dir "$T/data"
expect_grep "names the known ones" "unknown voice 'nosuch:x'; known engines" "$T/err"
expect_exit 2 "serve with an unknown voice of a known engine" "$CALLWRIGHT" serve --voice flite:nosuch --listen 127.0.0.1:0 --data-dir "$T/data"
expect_grep "names it" "nosuch" "$T/err"
expect_exit 2 "call with an unknown voice" "$CALLWRIGHT" call agent:agents/echo.yaml --voice nosuch:x --say hello
expect_exit 2 "call with an unknown ear" "$CALLWRIGHT" call agent:agents/echo.yaml --voice modem --ear nosuch --say hello

# ---- places ----

# Root may write everywhere, but not below a file.
echo >"$T/file"
expect_exit 2 "a run below a file" "$CALLWRIGHT" test scenarios/hvac --sim --out "$T/file/run"
expect_grep "names the folder" "folder $T/file.* cannot be made: Not a directory" "$T/err"
expect_exit 2 "serve with its data below a file" "$CALLWRIGHT" serve --listen 127.0.0.1:0 --data-dir "$T/file/data"
expect_grep "names the folder" "$T/file/data.*Not a directory" "$T/err"
expect_exit 2 "demo below a file" "$CALLWRIGHT" demo --out "$T/file/demo"
expect_exit 2 "a recording below a file" "$CALLWRIGHT" call agent:agents/echo.yaml --voice modem --ear modem --agent-stt modem --agent-voice modem --say hello \
	--record "$T/file/call.wav"
if [ "$(id -u)" != 0 ]; then
	mkdir -m 500 "$T/locked"
	expect_exit 2 "a run in a folder that is not ours" "$CALLWRIGHT" test scenarios/hvac --sim --out "$T/locked/run"
	expect_grep "names the folder" "$T/locked/run.* Permission denied" "$T/err"
elif unshare -m true 2>/dev/null; then
	mkdir "$T/locked"
	expect_exit 2 "a run on a read-only file system" unshare -m sh -c "mount -t tmpfs -o ro none '$T/locked' && exec '$CALLWRIGHT' test scenarios/hvac --sim --out '$T/locked/run'"
	expect_grep "names the folder" "$T/locked/run.* Read-only file system" "$T/err"
else
	skip "a run on a read-only file system" "running as root without the right to mount"
fi
mkdir "$T/again"
# shellcheck disable=SC2086 # words
{
	expect_exit 0 "a run" "$CALLWRIGHT" test scenarios/hvac -k '^say-goodbye$' $HVAC --sim --out "$T/again"
	expect_exit 2 "another run in the same folder" "$CALLWRIGHT" test scenarios/hvac -k '^say-goodbye$' $HVAC --sim --out "$T/again"
	expect_grep "is told how to go on" 'holds a run already: .*--resume' "$T/err"
}

# ---- nothing to do ----

expect_exit 5 "a filter nothing fits" "$CALLWRIGHT" test scenarios/hvac -k nothing-is-called-so --sim
expect_grep "is told so" 'nothing is selected' "$T/err"
expect_exit 5 "a tag nothing has" "$CALLWRIGHT" test scenarios/hvac --tag nosuch --list
expect_exit 0 "--dry-run" "$CALLWRIGHT" test scenarios/hvac --dry-run
claim "calls nobody" test ! -e "$T/run"
finish
