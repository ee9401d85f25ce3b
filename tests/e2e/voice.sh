#!/bin/sh
# `callwright voice`: voices are measured, ears are scored, the ladder is climbed, recordings are read, mistakes are named,
# and ctrl-C leaves what was done.
. tests/support/tap.sh
[ "$SANITIZER" != thread ] || skip_all "one lane and its workers: the address sanitizer runs it, the thread sanitizer has the unit tests"

# ---- the modem voice and ear: exact, so what is right is known ----

expect_exit 0 "modem voice, modem ear" "$CALLWRIGHT" voice --voice modem --ear modem --channel clean --snr 30,-10 --noise white --first 3 --out "$T/v"
expect_grep "table of voices" "^modem +3 " "$T/out"
expect_grep "the control is heard without an error" "modem +modem +control +– +3 +0\.0 \(0\.0 … 0\.0\)" "$T/out"
for file in voice.json voice.csv voice.md; do
	claim "$file is there" test -s "$T/v/$file"
done
same "voice.json: complete" true "$("$PROBE" pick "$T/v/voice.json" complete)"
same "voice.json: the control hears every entity" 1.0 "$("$PROBE" pick "$T/v/voice.json" rows.0.entity_accuracy.value)"
same "voice.csv: a line per row under its heading" 4 "$(wc -l <"$T/v/voice.csv" | tr -d ' ')"
claim "voice.md: tables" grep -q '^| modem | modem | control' "$T/v/voice.md"
expect_exit 0 "the same seed again" "$CALLWRIGHT" voice --voice modem --ear modem --channel clean --snr 30,-10 --noise white --first 3 --out "$T/w"
claim "hears the same" sh -c 'cut -d, -f1-18 "$1" >"$1.a"; cut -d, -f1-18 "$2" >"$2.a"; cmp "$1.a" "$2.a"' - "$T/v/voice.csv" "$T/w/voice.csv"

# ---- a real voice, sound only; own sentences; the sounds kept ----

printf '# two sentences\nThe technician comes on Tuesday.\n\nMy number is 415-555-0134.\n' >"$T/texts"
expect_exit 0 "sound only" "$CALLWRIGHT" voice --voice flite:rms --no-ear --texts "$T/texts" --channel mobile_lossy --keep --out "$T/s" --json
claim "--json prints what voice.json holds" sh -c '"$1" pick "$2" complete | grep -q true' - "$PROBE" "$T/out"
same "two sentences were spoken" 2 "$("$PROBE" pick "$T/out" voices.0.spoken)"
claim "sounds were kept" test -s "$T/s/flite_rms.001.mobile_lossy.wav"

# ---- recordings: those kept above are clips ----

printf 'file\tlang\ttext\nflite_rms.001.control.wav\ten\tThe technician comes on Tuesday.\nmissing.wav\ten\tnothing\n' >"$T/s/index.tsv"
expect_exit 1 "a missing recording fails, the rest is measured" "$CALLWRIGHT" voice --clips "$T/s" --no-ear --channel clean
expect_grep "the group names the source" "^s:en +1 " "$T/out"

# ---- mistakes ----

expect_exit 2 "unknown voice" "$CALLWRIGHT" voice --voice flite:nobody
expect_grep "names it" "flite:nobody" "$T/err"
expect_exit 2 "unknown channel" "$CALLWRIGHT" voice --voice modem --ear modem --channel mobile_losy
expect_grep "names the nearest" "did you mean 'mobile_lossy'" "$T/err"
expect_exit 2 "unknown noise" "$CALLWRIGHT" voice --voice modem --ear modem --noise rain
expect_grep "names the known ones" "white, pink, car, traffic, babble" "$T/err"
expect_exit 2 "no ratio" "$CALLWRIGHT" voice --snr loud
expect_exit 2 "an empty list of sentences" "$CALLWRIGHT" voice --texts /dev/null
printf 'path\twords\na\tb\n' >"$T/index.tsv"
expect_exit 2 "an index without its columns" "$CALLWRIGHT" voice --clips "$T"
expect_grep "says where and what" "index.tsv:1: .*'file'" "$T/err"

# ---- ctrl-C ----

"$CALLWRIGHT" voice --voice flite:slt --channel pstn_g711 --snr 30:0:1 --out "$T/i" >"$T/out" 2>"$T/err" &
pid=$!
sleep 1.5
kill -INT "$pid"
wait "$pid"
same "ctrl-C: exit 130" 130 "$?"
same "results so far are written" false "$("$PROBE" pick "$T/i/voice.json" complete)"
expect_grep "and said so" "^Interrupted" "$T/out"
finish
