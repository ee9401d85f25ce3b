#!/bin/sh
# The demo conversation under valgrind: definite leaks fail. Simulated, so that valgrind's slowness does not change the call.
set -eu
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || tools/install.sh check
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=9 \
  "${BUILD:-build}/src/callwright" test scenarios/hvac/booking.yaml -k '^book-happy$' --target agent:agents/hvac.yaml --sim --seed 7 --out "$out/run"
echo "valgrind: no definite leaks, no errors"
