#!/bin/sh
# The files for CI systems, and the HTML report in Chromium: makes two simulated runs (a small one with failures, one of 10,000 executions) and looks at their pages.
#
#   run.sh CALLWRIGHT [PICTURES]      PICTURES: folder for screenshots
#
# Exit: 0 passed, 1 failed, 77 skipped with its reason printed.
set -eu

callwright=$(realpath "${1:?usage: run.sh CALLWRIGHT [PICTURES]}")
[ -z "${2:-}" ] || CW_WEB_PICTURES=$(realpath -m "$2")
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

skip() {
	echo "1..0 # SKIP $1"
	exit 77
}

command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
[ -n "${CW_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v google-chrome >/dev/null || skip "chromium is not installed"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
	npm ci --no-audit --no-fund --prefer-offline >/dev/null 2>npm-ci.log || skip "npm ci failed (offline?): $(tail -n 1 npm-ci.log)"
	rm -f npm-ci.log
	touch node_modules
fi

CW_WEB_RUNS=$(mktemp -d)
trap 'rm -rf "$CW_WEB_RUNS"' EXIT
export CW_WEB_RUNS CW_BINARY="$callwright"
[ -z "${CW_WEB_PICTURES:-}" ] || export CW_WEB_PICTURES
agent="agent:$root/agents/hvac.yaml"
# failures are what the page is looked at for: exit 1 is right
"$callwright" test mixed.yaml "$root/scenarios/hvac" --sim --target "$agent" --target "$agent" -n 4 -j 2 --profile clean --profile mobile_lossy --out "$CW_WEB_RUNS/mixed" >/dev/null 2>&1 || [ $? = 1 ]
"$callwright" test large.yaml --sim --target "$agent" -n 5000 -j 2 --record none --out "$CW_WEB_RUNS/large" >/dev/null 2>&1
node --test --test-reporter=tap report.test.js ci.test.js
