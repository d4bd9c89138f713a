#!/bin/sh
# Make .venv with what is locked in a requirements file: scripts/venv.sh [run|dev]
# Finds a Python of its own accord; whatever virtual environment is on the PATH is not used.
set -eu
cd "$(dirname "$0")/.."
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONSTARTUP PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV

usable='import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14) and sys.prefix == sys.base_prefix))'
python=
for name in python3 python3.13 python3.12 python3.11; do
    old_ifs=$IFS
    IFS=:
    for folder in $PATH; do
        if [ -x "$folder/$name" ] && "$folder/$name" -c "$usable" 2>/dev/null </dev/null; then
            python=$folder/$name
            break 2
        fi
    done
    IFS=$old_ifs
done
IFS=' '
if [ -z "$python" ]; then
    echo "Tillbook needs Python 3.11, 3.12 or 3.13, and none is on the PATH. On Debian and Ubuntu: sudo apt-get install --yes python3 python3-venv" >&2
    exit 1
fi
exec "$python" -m scripts.venv "$@"
