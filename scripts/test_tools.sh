#!/usr/bin/env bash
# What the tests need beside the Python environment: Cisco's schemas, and promtool, which judges our /metrics.
set -euo pipefail
cd "$(dirname "$0")/.."
# Cisco's own response schemas, which are not ours to commit; pinned by hash.
.venv/bin/python scripts/fetch_cisco_schemas.py ||
    echo "Cisco's schemas could not be fetched: the tests against them are skipped" >&2
[ -x .tools/usr/bin/promtool ] && exit 0
command -v promtool >/dev/null && exit 0
install="apt-get install -y -q --no-install-recommends prometheus"
if command -v apt-get >/dev/null; then
    # Only the one program is wanted: unpacked here, it needs no rights and starts no service.
    echo "==> promtool (from Debian's package prometheus, into .tools/)"
    [ "$(id -u)" != 0 ] || apt-get update -q >/dev/null
    mkdir -p .tools/packages
    if (cd .tools/packages && apt-get download -q prometheus >/dev/null) &&
        dpkg -x .tools/packages/prometheus_*.deb .tools; then
        rm -r .tools/packages
        exit 0
    fi
fi
echo "promtool is missing and could not be fetched. As root: apt-get update && $install" >&2
exit 1
