#!/bin/sh
# Run a command in the virtual environment of a lock, which is made first if it is missing:
# tools/run.sh mlops python -m training
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
lock=$1
shift
python=$("$root/tools/python.sh")
VIRTUAL_ENV=$(cd "$root" && "$python" -m tools.environment "$lock")
export VIRTUAL_ENV PATH="$VIRTUAL_ENV/bin:$PATH"
unset PYTHONHOME
exec "$@"
