#!/bin/sh
# Install the Debian packages of one or more groups of packages.txt: tools/install.sh build test check
# Idempotent, and fast when everything is there. Runs as root or with sudo. CW_NO_INSTALL=1 only checks.
set -eu
cd "$(dirname "$0")"

wanted() {
  for group in "$@"; do
    awk -v group="[$group]" '/^# \[/ { on = ($2 == group); next } /^#/ || /^$/ { next } on { print $1 }' packages.txt
  done
}

# A Node.js that did not come from Debian brings its own npm, and Debian's would conflict with it.
satisfied() {
  case $1 in
    nodejs) command -v node >/dev/null && return 0 ;;
    npm) command -v npm >/dev/null && return 0 ;;
  esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for package in $(wanted "${@:-build}"); do
  satisfied "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ -n "${CW_NO_INSTALL:-}" ]; then
  echo "missing packages:$missing" >&2
  exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "packages are missing and there is neither root nor sudo; install:$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q >/dev/null
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/tmp/callwright-install.$$.log 2>&1 || {
  tail -30 /tmp/callwright-install.$$.log >&2
  echo "installation failed; the whole log: /tmp/callwright-install.$$.log" >&2
  exit 1
}
rm -f /tmp/callwright-install.$$.log
