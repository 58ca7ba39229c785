#!/usr/bin/env bash
# Builds the web console into the Python package. Without Node.js everything else still works: that is said, no error.
# A second run does nothing.
set -euo pipefail
cd "$(dirname "$0")/../console"
export npm_config_cache="$PWD/../.cache/npm" PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
BUILT=../src/cmlfleet/console
NODE_NEEDED="20.19"

if ! command -v npm >/dev/null ||
    ! node -e "const [a, b] = process.versions.node.split('.'); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)"; then
    [ -f $BUILT/index.html ] || echo "==> no web console: it needs Node.js $NODE_NEEDED or newer with npm (the API works)" >&2
    exit 0
fi

libraries=$(cat package.json package-lock.json ../scripts/setup_console.sh | cksum)
sources=$(find src public scripts ./*.ts ./*.html -type f -exec cat {} + | cksum)
if [ "$(cat node_modules/.stamp 2>/dev/null || true)" != "$libraries" ]; then
    echo "==> the console's libraries"
    npm ci --no-progress --no-fund --no-audit --loglevel=error
    printf '%s' "$libraries" > node_modules/.stamp
fi
if ! [ -f $BUILT/index.html ] || [ "$(cat node_modules/.built 2>/dev/null || true)" != "$libraries $sources" ]; then
    echo "==> the console"
    npm run --silent build
    printf '%s' "$libraries $sources" > node_modules/.built
fi
