#!/bin/sh
# Require system commands: tools/need.sh COMMAND:PACKAGE...
# Root on Debian gets the missing ones installed; everybody else gets a message that says what to install.
set -eu

missing=
for need in "$@"; do
  command -v "${need%%:*}" >/dev/null || missing="$missing ${need#*:}"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "slipway: these packages are missing (Debian's names):$missing. Install them and try again." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "slipway: these packages are missing:$missing. Run: sudo apt-get install$missing" >&2
  exit 1
fi
echo "slipway: installing$missing with apt-get ..." >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# Wait for another apt-get instead of failing.
# shellcheck disable=SC2086 # a list of package names
if ! { apt-get update && apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 $missing; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "slipway: apt-get could not install$missing; it printed the reason above" >&2
  exit 1
fi
