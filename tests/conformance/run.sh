#!/bin/sh
# Official SDKs as real clients: installs them from package-lock.json (once) and runs the tests.
#
#   run.sh BUILD_DIR      a build folder with tests/line/carrier_call and tests/line/rest_server
#
# Exit: 0 passed, 1 failed, 77 skipped with its reason printed.
set -eu

build=$(cd "${1:?usage: run.sh BUILD_DIR}" && pwd)
cd "$(dirname "$0")"
export CW_CARRIER_CALL="$build/tests/line/carrier_call" CW_REST_SERVER="$build/tests/line/rest_server"
export CW_CALLWRIGHT="$build/src/callwright"

skip() {
	echo "1..0 # SKIP $1"
	exit 77
}

command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
command -v espeak-ng >/dev/null || skip "espeak-ng is not installed"
[ -x "$CW_CARRIER_CALL" ] || skip "$CW_CARRIER_CALL was not built"

if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
	npm ci --no-audit --no-fund --prefer-offline >/dev/null 2>npm-ci.log || skip "npm ci failed (offline?): $(tail -n 1 npm-ci.log)"
	rm -f npm-ci.log
	touch node_modules
fi
NODE_PATH="$PWD/node_modules" exec node --test --test-concurrency=4 ./*.test.js
