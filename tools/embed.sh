#!/bin/sh
# Turn files into a C source: embed.sh HEADER SYMBOL FILE… > out.c
#
# Defines `const struct cw_embedded SYMBOL[]`, one element per file in the order given, ended by one with a NULL name. HEADER
# (as written in an #include) declares the struct and the symbol. Names are without their folder.
set -eu

if [ $# -lt 3 ]; then
	echo "usage: embed.sh HEADER SYMBOL FILE..." >&2
	exit 2
fi
header=$1
symbol=$2
shift 2

printf '/* made by tools/embed.sh */\n#include "%s"\n\n' "$header"
n=0
for file in "$@"; do
	printf 'static const char file_%d[] = {\n' "$n"
	od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/(char)0x\1,/g'
	printf '0};\n'
	n=$((n + 1))
done
printf '\nconst struct cw_embedded %s[] = {\n' "$symbol"
n=0
for file in "$@"; do
	printf '\t{"%s", file_%d, sizeof(file_%d) - 1},\n' "${file##*/}" "$n" "$n"
	n=$((n + 1))
done
printf '\t{NULL, NULL, 0},\n};\n'
