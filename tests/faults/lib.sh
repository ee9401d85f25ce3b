# lib.sh: what the scripts of tests/faults share beside tap.sh.
# shellcheck shell=sh

# A random number of tenths of a second from $1 to $2, printed as seconds.
moment() {
	awk -v lo="$1" -v hi="$2" -v r="$(od -An -N2 -tu2 /dev/urandom)" 'BEGIN { x = lo + int(r / 65536 * (hi - lo + 1)); printf "%d.%d\n", x / 10, x % 10 }'
}

quick_serve() { # LOG DATA_DIR: the quick agent, with $PORT again when it is set
	serve "$1" "$2" tests/faults/agent.yaml
}

# Every recording below a folder has a true header; what has none is named. A kill between creating a file and its header leaves
# it empty: that is no recording and no harm.
unreadable_recordings() { # FOLDER
	n=0
	for wav in $(find "$1" -name '*.wav' -size +0); do
		"$PROBE" wav "$wav" >/dev/null 2>"$T/wav.err" || { n=$((n + 1)); sed 's/^/# /' "$T/wav.err" >&3; }
	done
	echo "$n"
}

# Databases below a folder that SQLite finds damaged, or which hold a booking that is not whole.
broken_databases() { # FOLDER
	n=0
	for db in $(find "$1" -name '*.db'); do
		[ "$(sqlite3 "$db" 'PRAGMA integrity_check')" = ok ] || { n=$((n + 1)); echo "# damaged: $db" >&3; }
		[ "$(sqlite3 "$db" "SELECT count(*) FROM sqlite_master WHERE name = 'appointment'")" = 1 ] || continue
		half=$(sqlite3 "$db" "SELECT count(*) FROM appointment WHERE name != 'Maria Lopez' OR phone != '+14155550134' OR address != '12 Oak Street'
			OR issue != 'no heat' OR call_id = '' OR booking_key = '' OR created_us <= 0")
		double=$(sqlite3 "$db" 'SELECT count(*) - count(DISTINCT call_id) FROM appointment')
		[ "$half" = 0 ] && [ "$double" = 0 ] || { n=$((n + 1)); echo "# $db: $half half bookings, $double double ones" >&3; }
	done
	echo "$n"
}
exec 3>&1
