#!/bin/bash
# Runs callwright test with the action's inputs (CW_IN_*) and keeps its exit code: the step goes on, so that artifacts and the comment come.
set -u

binary=${CW_IN_BINARY:-$CW_IN_SOURCE/build/src/callwright}
args=(test --out "$CW_IN_OUT")
[ -z "$CW_IN_TARGET" ] || args+=(--target "$CW_IN_TARGET")
if [ -n "$CW_IN_BASELINE" ]; then
	if [ -e "$CW_IN_BASELINE" ]; then
		args+=(--baseline "$CW_IN_BASELINE")
		[ -z "$CW_IN_FAIL_ON" ] || args+=(--fail-on "$CW_IN_FAIL_ON")
	else
		echo "::notice::no baseline at $CW_IN_BASELINE yet: nothing is compared"
		[ "$CW_IN_FAIL_ON" = regression ] || [ -z "$CW_IN_FAIL_ON" ] || args+=(--fail-on "$CW_IN_FAIL_ON")
	fi
elif [ -n "$CW_IN_FAIL_ON" ]; then
	args+=(--fail-on "$CW_IN_FAIL_ON")
fi
# both are lists of words by definition
# shellcheck disable=SC2206
args+=($CW_IN_ARGS $CW_IN_SCENARIOS)

"$binary" "${args[@]}"
code=$?
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
exit 0
