"""`make audit` finds what its sources know, and does not pass for having asked nobody."""

import gzip
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[3]
NPM_ADVISORIES = "/-/npm/v1/security/advisories/bulk"
pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node.js")


class Sources(ThreadingHTTPServer):
    """OSV and the npm registry's advisories, which know of `vulnerable` alone."""

    def __init__(self, vulnerable: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.vulnerable = vulnerable
        self.asked = set[str]()

    def answer(self, path: str, body: bytes) -> Any:
        told = json.loads(body)
        if path == NPM_ADVISORIES:
            self.asked |= told.keys()
            advisory = {"id": 1, "url": "", "title": "a hole", "severity": "high", "vulnerable_versions": "*"}
            return {self.vulnerable: [advisory]} if self.vulnerable in told else {}
        name = told["package"]["name"]
        self.asked.add(name)
        affected = {"package": {"name": name, "ecosystem": "PyPI"}}
        return (
            {"vulns": [{"id": "HOLE-1", "summary": "a hole", "affected": [affected]}]}
            if name == self.vulnerable
            else {}
        )


class Handler(BaseHTTPRequestHandler):
    server: Sources  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        answer = json.dumps(self.server.answer(self.path, body)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        """npm wants to know which other versions a vulnerable package has."""
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Not into the test's output."""


@contextmanager
def sources(vulnerable: str) -> Generator[Sources]:
    with Sources(vulnerable) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PIP_AUDIT_OSV_URL": f"{url}/v1/query", "npm_config_registry": url}
    command = ["bash", "scripts/audit.sh"]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("vulnerable", ["none", "starlette", "react"])
def test_a_known_vulnerability_of_what_is_locked_fails(vulnerable: str) -> None:
    with sources(vulnerable) as server:
        done = audit(f"http://127.0.0.1:{server.server_port}")
    assert {"starlette", "cryptography", "aiohttp", "react", "oidc-provider"} <= server.asked
    assert done.returncode == (0 if vulnerable == "none" else 1), done.stdout + done.stderr
    assert (vulnerable in done.stdout) is (vulnerable != "none")


def test_sources_that_cannot_be_reached_fail() -> None:
    with sources("none") as server:
        url = f"http://127.0.0.1:{server.server_port}"
    assert audit(url).returncode == 1
