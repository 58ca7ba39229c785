#!/usr/bin/env bash
# What the tests need beside the Python environment: Cisco's schemas, promtool, which judges our /metrics, redis-server,
# an OpenID provider and a browser.
set -euo pipefail
cd "$(dirname "$0")/.."

refresh_package_lists() {
    [ "$(id -u)" != 0 ] || [ -n "${refreshed:-}" ] || apt-get update -q >/dev/null
    refreshed=yes
}

# Unpacks packages of Debian into .tools/: it needs no rights and starts no service. The first is the one that is
# wanted, the others are libraries, taken only where the system lacks them.
unpack() {
    local wanted=("$1") library status=0
    for library in "${@:2}"; do
        dpkg -s "$library" >/dev/null 2>&1 || wanted+=("$library")
    done
    mkdir -p .tools/packages
    (cd .tools/packages && apt-get download -q -o APT::Sandbox::User=root "${wanted[@]}" >/dev/null) &&
        for package in .tools/packages/*.deb; do dpkg -x "$package" .tools; done || status=1
    rm -rf .tools/packages
    return $status
}

# tool PROGRAM PACKAGE LIBRARY…
tool() {
    if [ -x ".tools/usr/bin/$1" ] || command -v "$1" >/dev/null; then return; fi
    echo "==> $1 (from Debian's package $2, into .tools/)"
    if command -v apt-get >/dev/null; then
        refresh_package_lists
        if unpack "${@:2}"; then return; fi
    fi
    echo "$1 is missing and could not be fetched." \
        "As root: apt-get update && apt-get install -y -q --no-install-recommends $2" >&2
    exit 1
}

# Cisco's own response schemas, which are not ours to commit; pinned by hash.
.venv/bin/python scripts/fetch_cisco_schemas.py ||
    echo "Cisco's schemas could not be fetched: the tests against them are skipped" >&2
(
    cd tests/support/openid_provider
    libraries=$(cat package.json package-lock.json | cksum)
    [ "$(cat node_modules/.stamp 2>/dev/null || true)" = "$libraries" ] && exit 0
    command -v npm >/dev/null || { echo "the tests with an OpenID provider are skipped: they need Node.js" >&2 && exit 0; }
    echo "==> an OpenID provider for tests"
    npm_config_cache="$OLDPWD/.cache/npm" npm ci --no-progress --no-fund --no-audit --loglevel=error
    printf '%s' "$libraries" > node_modules/.stamp
)
tool promtool prometheus
tool redis-server redis-server redis-tools libatomic1 libjemalloc2 liblzf1

if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && [ -z "${CHROMIUM:-}" ]; then
    install="apt-get install -y -q --no-install-recommends chromium"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "==> chromium"
        refresh_package_lists
        $install >/dev/null
    else
        echo "A browser for the console's tests is missing: CHROMIUM=/path/to/chromium, or as root: $install" >&2
        exit 1
    fi
fi
