#!/usr/bin/env bash
# Asks for known vulnerabilities of everything that is locked: of Python's packages OSV (PIP_AUDIT_OSV_URL names a
# mirror), of the console's and the tests' JavaScript the npm registry. What cannot be asked fails.
set -uo pipefail
cd "$(dirname "$0")/.."

status=0
echo "==> Python"
.venv/bin/pip-audit --vulnerability-service osv --strict --require-hashes --disable-pip --progress-spinner off \
    --cache-dir .cache/pip-audit -r requirements.lock || status=1
for folder in console tests/support/openid_provider; do
    echo "==> JavaScript of $folder"
    (cd "$folder" && npm_config_cache="$OLDPWD/.cache/npm" npm audit --package-lock-only) || status=1
done
exit $status
