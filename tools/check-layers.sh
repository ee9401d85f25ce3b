#!/bin/sh
# A folder may include only itself and the folders below it. The order is the one of the list in docs/architecture.md and meson.build;
# src/trial has an order of its own inside.
set -eu
cd "$(dirname "$0")/.."

order='base world store audio language speech line standin call agent caller notify trial server cmd'
trial='view check scenario judge execute report run replay perf dataset'

git ls-files -co --exclude-standard 'src/*.c' 'src/*.h' | xargs awk -v order="$order" -v trial="$trial" '
  BEGIN {
    n = split(order, names, " "); for (i = 1; i <= n; i++) rank[names[i]] = i
    n = split(trial, names, " "); for (i = 1; i <= n; i++) within[names[i]] = i
  }
  function complain(from, to) { printf "%s:%d: %s/ may not include %s/ (it stands higher)\n", FILENAME, FNR, from, to; bad = 1 }
  /^#include "/ {
    depth = split(FILENAME, path, "/"); split($2, parts, /["\/]/)
    from = path[2]; to = parts[2]
    if (!(from in rank)) next                      # src/main.c
    if (to in rank && rank[to] > rank[from]) complain(from, to)
    if (from == "trial" && to == "trial") {
      if (depth < 4 || !(path[3] in within) || !(parts[3] in within)) { printf "%s:%d: not in a known folder of trial/\n", FILENAME, FNR; bad = 1 }
      else if (within[parts[3]] > within[path[3]]) complain("trial/" path[3], "trial/" parts[3])
    }
  }
  END { exit bad }' && echo "layers: every include points down"
