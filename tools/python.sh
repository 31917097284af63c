#!/bin/sh
# Print the path of a Python 3.11, 3.12 or 3.13 with venv and ensurepip. PYTHON=... names another one.
set -eu
here=$(dirname "$0")

# Run it instead of trusting its name: pyenv has a `python3.13` on the PATH even for a version that is not enabled.
fits() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

choose() {
  for candidate in python3.13 python3.12 python3.11 python3; do
    if fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

if [ -n "${PYTHON:-}" ]; then
  fits "$PYTHON" || {
    echo "slipway: PYTHON=$PYTHON is not a working Python 3.11, 3.12 or 3.13" >&2
    exit 1
  }
  python=$PYTHON
else
  python=$(choose) || {
    "$here/need.sh" :python3
    python=$(choose) || {
      echo "slipway: found no Python 3.11, 3.12 or 3.13: install one, or name it with make PYTHON=/path/to/python" >&2
      exit 1
    }
  }
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  "$here/need.sh" ":python$version-venv"
fi
echo "$python"
