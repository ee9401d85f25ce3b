#!/bin/sh
# Side by side with promptfoo (npm): 200 contains/equals cases against the same local chat server, whose answers take 50 ms.
#
#   bench/promptfoo/run.sh [CALLWRIGHT] [CASES]      CALLWRIGHT: a release build (build/src/callwright)
#
# promptfoo is installed once into PROMPTFOO_DIR (default: /tmp/callwright-promptfoo, 1.4 GB). Goals: at most 1/20 of its processor time, and not
# more than 1.1 of the ideal wall time (cases x latency / jobs) at 10 and at 100 jobs. The quickest of three runs counts: machines are shared.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
callwright=${1:-$here/../../build/src/callwright}
cases=${2:-200}
pf=${PROMPTFOO_DIR:-/tmp/callwright-promptfoo}
work=$(mktemp -d)
url=http://127.0.0.1:8790/v1
export PROMPTFOO_CONFIG_DIR="$work/home" PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1

command -v node >/dev/null || { echo "node is not installed" >&2; exit 77; }
[ -x /usr/bin/time ] || { echo "/usr/bin/time is not installed (package time)" >&2; exit 77; }
if [ ! -e "$pf/node_modules/.bin/promptfoo" ]; then
	mkdir -p "$pf"
	(cd "$pf" && npm init -y && npm install promptfoo --no-audit --no-fund) >"$work/npm.log" 2>&1 || { cat "$work/npm.log" >&2; exit 77; }
fi

"$callwright" standin openai --listen 127.0.0.1:8790 --latency 50ms >"$work/server.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
sleep 1
"$here/cases.sh" "$work" "$cases" "$url"

# "wall cpu kilobytes" of the quickest of three runs of a command line
quickest() {
	for round in 1 2 3; do
		/usr/bin/time -f '%e %U %S %M' -o "$work/time.$round" "$@" --out "$work/out.$round.$$" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
		rm -rf "$work/out.$round.$$"
	done
	tail -qn 1 "$work"/time.? | awk '!n++ || $1 < wall { wall = $1; cpu = $2 + $3; kb = $4 } END { printf "%.2f %.3f %d", wall, cpu, kb }'
}
ours() { quickest "$callwright" test "$work/cases.yaml" --target "chat:$url" -j "$1" --first "$2"; }
theirs() {
	for round in 1 2 3; do
		/usr/bin/time -f '%e %U %S %M' -o "$work/time.$round" timeout 60 node "$pf/node_modules/.bin/promptfoo" eval -c "$work/promptfooconfig.yaml" -j "$1" \
			--filter-first-n "$2" --no-cache --no-table --no-progress-bar --no-write >"$work/log" 2>&1 || true # it may crash in its logger when all is done
		grep -q "$2 passed" "$work/log" || { tail -n 20 "$work/log" >&2; exit 1; }
	done
	tail -qn 1 "$work"/time.? | awk '!n++ || $1 < wall { wall = $1; cpu = $2 + $3; kb = $4 } END { printf "%.2f %.3f %d", wall, cpu, kb }'
}

printf '%-24s %9s %9s %9s %9s %9s %9s %9s %9s\n' "cases, jobs" "ideal s" "ours s" "of ideal" "theirs s" "ours cpu" "theirs cpu" "ratio" "MB o:t"
for round in "$cases 10" "$cases 100" "1 1"; do
	set -- $round
	us=$(ours "$2" "$1") # a failure ends the script
	them=$(theirs "$2" "$1")
	echo "$1 $2 $us $them" | awk '{
		ideal = $1 * 0.05 / $2
		printf "%-24s %9.2f %9.2f %9.2f %9.2f %9.3f %9.3f %9.4f %4d:%d\n", $1 ", " $2, ideal, $3, $3 / ideal, $6, $4, $7, $4 / $7, $5 / 1024, $8 / 1024 }'
done
