#!/usr/bin/env bash
# The console in a real browser against the real service. Arguments go to Playwright: a file's name, --grep WORDS,
# --config FILE (`npm run bench` does).
set -euo pipefail
cd "$(dirname "$0")/../tests/browser"
export PATH="$PWD/../../.tools/usr/bin:$PATH" NODE_PATH="$PWD/../../console/node_modules"
exec ../../console/node_modules/.bin/playwright test "$@"
