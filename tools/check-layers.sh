#!/bin/sh
# A folder may include only itself and the folders below it. The order is the one of the list in docs/architecture.md and meson.build.
set -eu
cd "$(dirname "$0")/.."

order='base world store audio language speech line standin call agent caller notify trial server cmd'

git ls-files -co --exclude-standard 'src/*.c' 'src/*.h' | xargs awk -v order="$order" '
  BEGIN { n = split(order, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i }
  /^#include "/ {
    split(FILENAME, path, "/"); from = path[2]
    split($2, parts, /["\/]/); to = parts[2]
    if (!(from in rank)) next                      # src/main.c
    if (to in rank && rank[to] > rank[from]) {
      printf "%s:%d: %s/ may not include %s/ (it stands higher)\n", FILENAME, FNR, from, to; bad = 1
    }
  }
  END { exit bad }' && echo "layers: every include points down"
