#!/bin/sh
set -eu
cd "$(dirname "$0")/.."
tools/install.sh build test check
[ -f build-cov/build.ninja ] || meson setup build-cov -Db_coverage=true -Dbench=false >/dev/null
ninja -C build-cov --quiet
meson test -C build-cov --no-rebuild --suite unit --suite sim --suite e2e --suite fuzz >/dev/null || true
gcovr -r . build-cov --filter src/ --print-summary -s --sort-percentage | tail -90
