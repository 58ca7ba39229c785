#!/usr/bin/env bash
# The console's types, its lint, and whether its types are those of the API's document.
set -euo pipefail
cd "$(dirname "$0")/../console"
[ -d node_modules ] || { echo "the console cannot be checked: install Node.js 20.19 or newer, then make setup" >&2; exit 1; }
npm run --silent types:check >/dev/null || { echo "console/src/api/schema.ts differs from docs/reference/openapi.json: run make docs" >&2; exit 1; }
npm run --silent typecheck
npm run --silent lint
