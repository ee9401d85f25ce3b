#!/bin/sh
# make check: layout, lint, direction of dependencies, shell scripts parse.
set -eu
cd "$(dirname "$0")/.."
tools/install.sh build test check

sources=$(git ls-files 'src/*.c' 'src/*.h' 'tests/*.c' 'tests/*.h' 'bench/*.c' 'bench/*.h')
failed=0

# shellcheck disable=SC2086 # a list of files
clang-format --dry-run --Werror $sources || failed=1
tools/check-layers.sh || failed=1
for script in tools/*.sh tests/conformance/*.sh .ci/run; do
  sh -n "$script" || failed=1
done

[ -d build-check ] || CC=clang meson setup build-check -Dbench=true >/dev/null
ninja -C build-check --quiet
# Analyse in two halves at once: two processors.
git ls-files 'src/*.c' | xargs -P 2 -n 12 clang-tidy --quiet -p build-check 2>/dev/null | tee build-check/tidy.log | grep -E "(warning|error): " && failed=1
# autoVariables: a flag on the stack tells a function whether a handler freed the object it works on.
cppcheck --quiet --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j 2 \
  --suppress=missingIncludeSystem --suppress=autoVariables --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches \
  -D__GNUC__ -I src src || failed=1
[ $failed = 0 ] && echo "check: clean"
exit $failed
