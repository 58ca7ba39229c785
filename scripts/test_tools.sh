#!/usr/bin/env bash
# What the tests need beside the Python environment: promtool, which judges our /metrics.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .tools/usr/bin/promtool ] && exit 0
command -v promtool >/dev/null && exit 0
install="apt-get install -y -q --no-install-recommends prometheus"
if command -v apt-get >/dev/null; then
    echo "==> promtool (Debian package prometheus)"
    if [ "$(id -u)" = 0 ]; then
        apt-get update -q && $install && exit 0
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n apt-get update -q && sudo -n $install && exit 0
    else
        mkdir -p .tools/packages
        if (cd .tools/packages && apt-get download -q prometheus) && dpkg -x .tools/packages/prometheus_*.deb .tools; then
            exit 0
        fi
    fi
fi
echo "promtool is missing and could not be installed. As root: $install" >&2
exit 1
