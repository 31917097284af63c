#!/bin/sh
# Run a command in the virtual environment of a lock, made first where it is not there: tools/run.sh mlops python -m training
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lock=$1
shift
python=$("$here/python.sh")
VIRTUAL_ENV=$("$python" "$here/environment.py" "$lock")
export VIRTUAL_ENV PATH="$VIRTUAL_ENV/bin:$PATH"
unset PYTHONHOME
exec "$@"
