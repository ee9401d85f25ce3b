#!/bin/sh
# What a newcomer tries first: every command explains itself with examples, the machine is checked, the configuration shown with
# its origins and without its secrets, agents are checked, the shell completes.
. tests/support/tap.sh

# ---- help ----

expect_exit 2 "no command" "$CALLWRIGHT"
expect_grep "is answered with the list of commands" '^Commands:' "$T/err"
expect_exit 0 "--help" "$CALLWRIGHT" --help
cp "$T/out" "$T/help"
expect_exit 0 "--version" "$CALLWRIGHT" --version
expect_grep "says name and number" '^callwright [0-9]+\.[0-9]+\.[0-9]+$' "$T/out"
commands=$(awk '/^Commands:/ { on = 1; next } on && /^  [a-z]/ { print $1 } on && /^$/ { exit }' "$T/help")
for command in serve call test demo agent config doctor standin completion; do
	claim "$command is listed" sh -c 'echo "$2" | grep -qx "$1"' - "$command" "$commands"
done
for command in $commands; do
	expect_exit 0 "$command --help" "$CALLWRIGHT" "$command" --help
	claim "$command --help: says how it is called" grep -q "^Usage: callwright $command" "$T/out"
	claim "$command --help: has an example that begins with the command" sh -c "grep -A 99 'Example' '$T/out' | grep -Eq '(^|[ (])callwright $command'"
	claim "$command is in the man page" grep -q "$command" man/callwright.1
done
expect_grep "the man page tells the exit codes" "^0 all passed; 1 .*130 interrupted" man/callwright.1

# ---- the machine ----

expect_exit 0 "doctor finds nothing at fault" "$CALLWRIGHT" doctor
for part in flite espeak modem pocketsphinx database folder; do
	expect_grep "doctor tried $part" "^ok +$part" "$T/out"
done
expect_grep "doctor measured the loopback floor with its jitter" '^ok +loopback .* floor [0-9.]+ ms . [0-9.]+ ms' "$T/out"
expect_exit 0 "doctor --json" "$CALLWRIGHT" doctor --json
same "is JSON, and all is well" "true" "$("$PROBE" pick "$T/out" pocketsphinx.ok)"

# ---- configuration ----

expect_exit 0 "config check" "$CALLWRIGHT" config check
CW_LANES=4 CW_TWILIO_AUTH_TOKEN=hush-hush expect_exit 0 "config show" "$CALLWRIGHT" config show
expect_grep "tells where a value came from" '^lanes +4 +# environment' "$T/out"
expect_grep "and what is a default" '^record +true +# default' "$T/out"
expect_grep "a secret is masked" '^twilio_auth_token +\*\*\*' "$T/out"
claim "and nowhere else" sh -c "! grep -q hush-hush '$T/out' '$T/err'"
expect_exit 0 "config example" "$CALLWRIGHT" config example
claim "is what .env.example holds" cmp "$T/out" .env.example
claim "a shell can read it" sh -n "$T/out"
cp "$T/out" "$T/example"
missing=
for key in $("$CALLWRIGHT" config show | awk '{ print $1 }'); do
	grep -q "^CW_$(echo "$key" | tr a-z A-Z)=" "$T/example" || missing="$missing $key"
done
same "every setting is in it" "" "$missing"
printf 'listen: 127.0.0.1:8080\nlaness: 2\nlog_level: loud\ntwilio_auth_token: hush\n' >"$T/bad.yaml"
expect_exit 2 "a faulty configuration" "$CALLWRIGHT" config check -c "$T/bad.yaml"
expect_grep "names the unknown key with its place and the nearest known one" "bad.yaml:2:1: .*'laness'.*'lanes'" "$T/err"
expect_grep "names the wrong value" "bad.yaml:3:[0-9]+: log_level: 'loud' is not one of" "$T/err"
expect_grep "and the secret that does not belong there" 'bad.yaml:4:[0-9]+: twilio_auth_token is a secret' "$T/err"
CW_LANES=many expect_exit 2 "a faulty variable" "$CALLWRIGHT" config check
expect_grep "is named" "lanes: 'many' is not a whole number" "$T/err"

# ---- agents ----

for agent in agents/*.yaml; do
	expect_exit 0 "agent check $agent" "$CALLWRIGHT" agent check "$agent"
done
expect_exit 0 "agent check --json" "$CALLWRIGHT" agent check --json agents/hvac.yaml
same "tells what the agent can do" "create_booking" "$("$PROBE" pick "$T/out" tools.1)"

# ---- completion ----

expect_exit 0 "completion bash" "$CALLWRIGHT" completion bash
if command -v bash >/dev/null; then
	claim "bash can read it" bash -n "$T/out"
	mkdir "$T/bin"
	ln -s "$(realpath "$CALLWRIGHT")" "$T/bin/callwright"
	complete() { # WORDS…: what is offered for the last one
		PATH="$T/bin:$PATH" bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _callwright; echo "${COMPREPLY[*]}"' - "$T/out" "$@"
	}
	same "it completes commands" test "$(complete callwright te)"
	same "and options" "--agent-stt --agent-voice" "$(complete callwright test --agent | tr ' ' '\n' | sort -u | tr '\n' ' ' | sed 's/ $//')"
	same "and words of a command" example "$(complete callwright config ex)"
else
	skip "bash can read it" "bash is not installed"
fi
finish
