#!/bin/sh
# The demo call with real speech: a flite caller rings the sample agent over sockets, both listen with pocketsphinx, an appointment is
# booked exactly once; transcript, verdict, row, recording and report are there. Nothing in the report asks the network.
. tests/support/tap.sh

began=$(date +%s)
expect_exit 0 "demo" "$CALLWRIGHT" demo --out "$T/demo"
took=$(($(date +%s) - began))
cp "$T/out" "$T/demo.out"
[ "$SANITIZER" != none ] || at_most "it takes so many seconds" 60 "$took"
expect_grep "prints what the agent said" '^ +[0-9.]+ s +agent +.*([Cc]omfort [Aa]ir|help you today)' "$T/out"
expect_grep "prints what the caller said" '^ +[0-9.]+ s +caller +My furnace stopped working' "$T/out"
claim "with the latency of each answer" test "$(grep -c ' agent .*\[after -\{0,1\}[0-9]* ms\]' "$T/out")" -ge 5
expect_grep "and their mean" '^[0-9]+ answers, mean [0-9]+ ms' "$T/out"
expect_grep "prints the verdict" '^verdict +PASS$' "$T/out"
expect_grep "one appointment" '^booked appointments: 1$' "$T/out"
expect_grep "with the caller's number" '^ +phone +"\+14155550134"$' "$T/out"

recording=$(sed -n 's/^recording *\([^ ]*\).*/\1/p' "$T/demo.out")
report=$(sed -n 's/^report *\([^ ]*\).*/\1/p' "$T/demo.out")
run=${report%/report.html}
claim "the recording is where it says" test -s "$recording"
# Byte by byte, with nothing of ours.
size=$(wc -c <"$recording" | tr -d ' ')
word() { od -An -tu"$2" -j "$1" -N "$2" "$recording" | tr -d ' '; }
same "it is RIFF WAVE" "RIFF WAVEfmt " "$(dd if="$recording" bs=1 count=4 2>/dev/null) $(dd if="$recording" bs=1 skip=8 count=8 2>/dev/null)"
same "its RIFF size is the file's" $((size - 8)) "$(word 4 4)"
same "PCM, stereo, 8 kHz, 16 bits" "1 2 8000 16" "$(word 20 2) $(word 22 2) $(word 24 4) $(word 34 2)"
same "its data fills the file" $((size - 44)) "$(word 40 4)"
claim "it is as long as the call" test "$size" -gt $((30 * 32000))
claim "both sides speak in it" sh -c "od -An -v -td2 -j 44 '$recording' | awk '{ for (i = 1; i <= NF; i++) if (\$i > 3000) n[i % 2]++ } END { exit !(n[0] > 8000 && n[1] > 8000) }'"

db=$run/agent/callwright.db
same "the database holds that one row" "1|+14155550134|no heat" "$(sqlite3 "$db" 'SELECT count(*), max(phone), max(issue) FROM appointment')"
same "results.jsonl has the one call" PASS "$("$PROBE" pick "$run/results.jsonl" verdict)"
claim "the timelines are readable" "$PROBE" lines "$run/calls/$("$PROBE" pick "$run/results.jsonl" folder)/events.jsonl"
for file in summary.json junit.xml summary.md report.html; do
	claim "$file is there" test -s "$run/$file"
done
claim "junit.xml counts one test and no failure" grep -Eq '<testsuites?[^>]* tests="1"[^>]* failures="0"' "$run/junit.xml"
# The empty icon keeps browsers from asking for one.
sed 's|<link rel="icon" href="data:,">||' "$report" >"$T/report"
loads_nothing() {
	! grep -Eiq '(src|href|action|data|poster)[[:space:]]*=[[:space:]]*.?(https?:)?//|url\([[:space:]]*.?(https?:)?//|@import|<link|fetch\(|XMLHttpRequest|WebSocket\(' "$1"
}
claim "the report loads nothing from anywhere" loads_nothing "$T/report"
claim "the report has the transcript" grep -q 'My furnace stopped working' "$report"
claim "and the recording" grep -Eq 'audio/|data:audio|both\.wav' "$report"
note "$(grep '^[0-9]* answers' "$T/demo.out"), $took s"
finish
