#!/usr/bin/env bash
# Puts the locked Python environment in .venv/. Writes nothing outside the project's folder, but for the system
# package that Debian splits venv into, where that is missing. A second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

export PIP_CACHE_DIR="$PWD/.cache/pip" PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_CACHE_DIR="$PWD/.cache/uv" UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
PYTHON=${PYTHON:-python3}

wanted=$(cat pyproject.toml requirements.lock scripts/setup.sh | cksum)
if [ -x .venv/bin/cmlfleet ] && [ "$(cat .venv/.stamp 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "cmlfleet needs Python 3.11 or newer; $PYTHON is $("$PYTHON" --version 2>&1). Set PYTHON=/path/to/python." >&2
    exit 1
}
if ! "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
    version=$("$PYTHON" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "==> installing $version"
        apt-get update -q && apt-get install -y -q --no-install-recommends "$version"
    else
        echo "Python's venv module is missing. As root: apt-get install $version" >&2
        exit 1
    fi
fi

echo "==> Python environment in .venv"
[ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
mkdir -p .cache
# uv is in the lock like everything else; pip only brings that one package in.
awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock > .cache/uv.lock.txt
.venv/bin/python -m pip install -q --require-hashes --no-deps -r .cache/uv.lock.txt 2>&1 | grep -v "is ignored" || true
echo "==> locked packages"
# Compiled here and now: an environment with PYTHONDONTWRITEBYTECODE would compile 60,000 lines at each start.
.venv/bin/uv pip sync -q --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock
echo "==> cmlfleet itself"
.venv/bin/uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
.venv/bin/python -m compileall -q src/cmlfleet
printf '%s' "$wanted" > .venv/.stamp
