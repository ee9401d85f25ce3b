#!/bin/sh
# A disk that is full: `test` stops with a message that names the file and leaves what --resume can finish once there is room; `serve`
# goes on answering calls without recordings, tells a caller that it cannot book rather than that it has, and books when there is room.
. tests/support/tap.sh

if [ -z "${CW_FULL_DISK:-}" ]; then
	unshare -m sh -c "mount -t tmpfs -o size=64k none '$T'" 2>/dev/null || skip_all "a small file system cannot be mounted here: $(unshare -m sh -c "mount -t tmpfs none '$T'" 2>&1 | head -n 1)"
	rm -rf "$T"
	CW_FULL_DISK=1 exec unshare -m sh "$0"
fi
. tests/faults/lib.sh
mkdir "$T/small" "$T/server"
release() { umount "$T/small" "$T/server" 2>/dev/null; }
CLEANUP=release
mount -t tmpfs -o size=900k none "$T/small"
mount -t tmpfs -o size=2m none "$T/server"

PORT=
quick_serve "$T/serve.log" "$T/server/data" || { not_ok "serve starts" "$T/serve.log"; finish; }
target=twilio:http://127.0.0.1:$PORT/voice
dd if=/dev/zero of="$T/server/fill" bs=4k 2>/dev/null
start "$T/book.out" "$CALLWRIGHT" test tests/faults/calls.yaml -k '^book$' --target "$target" --out "$T/book"
book=$PID

# ---- the tester's disk ----

expect_exit 2 "test on a disk that fills" timeout 60 "$CALLWRIGHT" test tests/faults/calls.yaml -n 3 -j 9 --out "$T/small/run"
expect_grep "says so, with what, and how to go on" "the run stopped: .*No space left on device; go on with --resume $T/small/run" "$T/err"
n=$("$PROBE" lines "$T/small/run/results.jsonl")
claim "results are whole lines" test "${n:-torn}" -lt 9
same "recordings play as far as they go" 0 "$(unreadable_recordings "$T/small/run")"
same "databases are whole" 0 "$(broken_databases "$T/small/run")"
mount -o remount,size=100m "$T/small"
start "$T/resume.out" "$CALLWRIGHT" test --resume "$T/small/run"
resume=$PID

# ---- the server's disk ----

await 60 "$book"
same "a caller of the full server: exit code" 1 "$CODE"
claim "is served to the end all the same" grep -q 'I cannot book that' "$T/book/calls/book.en-US.modem.clean.1/events.jsonl"
expect_grep "the server tells its operator" 'recording_failed .*No space left on device' "$T/serve.log"
same "nothing was booked" 0 "$(sqlite3 "$T/server/data/callwright.db" 'SELECT count(*) FROM appointment')"
rm "$T/server/fill"
expect_exit 0 "with room again it books" timeout 60 "$CALLWRIGHT" test tests/faults/calls.yaml -k '^book$' --target "$target" --out "$T/book-again"
same "once" 1 "$(sqlite3 "$T/server/data/callwright.db" 'SELECT count(*) FROM appointment')"
same "the database is whole" 0 "$(broken_databases "$T/server/data")"
kill "$SERVER"
await $((15 * SLOW)) "$SERVER"
same "the server ends when told to: exit code" 0 "$CODE"

await 90 "$resume"
if [ "$CODE" = 0 ]; then ok "--resume finishes the run"; else not_ok "--resume finishes the run (exit $CODE)" "$T/resume.out"; fi
same "with every call once" "9 9" "$("$PROBE" lines "$T/small/run/results.jsonl") $("$PROBE" pick "$T/small/run/results.jsonl" key | sort -u | wc -l | tr -d ' ')"
finish
