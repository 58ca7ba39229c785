#!/usr/bin/env bash
# What the tests need beside the Python environment: Cisco's schemas, promtool, which judges our /metrics, and a browser.
set -euo pipefail
cd "$(dirname "$0")/.."
# Cisco's own response schemas, which are not ours to commit; pinned by hash.
.venv/bin/python scripts/fetch_cisco_schemas.py ||
    echo "Cisco's schemas could not be fetched: the tests against them are skipped" >&2

refresh_package_lists() {
    [ "$(id -u)" != 0 ] || [ -n "${refreshed:-}" ] || apt-get update -q >/dev/null
    refreshed=yes
}

if ! [ -x .tools/usr/bin/promtool ] && ! command -v promtool >/dev/null; then
    fetched=no
    if command -v apt-get >/dev/null; then
        # Only the one program is wanted: unpacked here, it needs no rights and starts no service.
        echo "==> promtool (from Debian's package prometheus, into .tools/)"
        refresh_package_lists
        mkdir -p .tools/packages
        if (cd .tools/packages && apt-get download -q prometheus >/dev/null) &&
            dpkg -x .tools/packages/prometheus_*.deb .tools; then
            rm -r .tools/packages
            fetched=yes
        fi
    fi
    if [ $fetched = no ]; then
        echo "promtool is missing and could not be fetched." \
            "As root: apt-get update && apt-get install -y -q --no-install-recommends prometheus" >&2
        exit 1
    fi
fi

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
