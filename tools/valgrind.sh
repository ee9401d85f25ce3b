#!/bin/sh
# Definite leaks and memory errors fail. First the booking call, simulated, so that valgrind's slowness does not change it; then the demo
# call with its real engines and sockets: valgrind makes engines miss their deadlines, so that call itself may fail, cleanly.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || tools/install.sh check
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
CALLWRIGHT=${BUILD:-build}/src/callwright

checked() {
  valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=9 "$CALLWRIGHT" "$@"
}

checked test scenarios/hvac/booking.yaml -k '^book-happy$' --target agent:agents/hvac.yaml --sim --seed 7 --out "$out/run"
checked demo --out "$out/demo" >"$out/demo.log" 2>&1 || [ $? != 9 ] || { cat "$out/demo.log"; exit 9; }
echo "valgrind: no definite leaks, no errors"
