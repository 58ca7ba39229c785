"""How the console's built files are served."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cmlfleet.api.app import create_app

SCRIPT = "/assets/index-abc.js"


def client_of(folder: Path) -> TestClient:
    nothing: Any = None
    return TestClient(
        create_app(
            mediator=nothing,
            authenticator=nothing,
            refused_attempts=nothing,
            readiness=nothing,
            metrics_public=False,
            console=folder,
        )
    )


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>the console")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / SCRIPT[1:]).write_text("plain")
    (tmp_path / f"{SCRIPT[1:]}.br").write_bytes(b"as brotli")
    (tmp_path / f"{SCRIPT[1:]}.gz").write_bytes(b"as gzip")
    return client_of(tmp_path)


@pytest.mark.parametrize("path", ["/", "/workers/w-1?tab=labs", "/labs", "/some/deep/link"])
def test_each_address_of_the_console_is_its_one_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "the console" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1/nothing", "/api/v2/workers", "/assets/gone.js", "/x.js"])
def test_what_is_not_the_console_s_is_not_made_to_look_so(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_unknown_route_of_the_api_is_unknown_to_every_method(client: TestClient, method: str) -> None:
    assert client.request(method, "/api/v1/nothing").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None), ("zstd", None)]
)
def test_assets_are_cached_for_ever_in_the_best_encoding(
    client: TestClient, accepted: str, encoding: str | None
) -> None:
    with client.stream("GET", SCRIPT, headers={"Accept-Encoding": accepted}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("Content-Encoding") == encoding
    assert body == {"br": b"as brotli", "gzip": b"as gzip", None: b"plain"}[encoding]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "javascript" in answer.headers["Content-Type"]
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/../secret", "/assets/../../secret", "/assets/%2e%2e/%2e%2e/secret"])
def test_nothing_outside_of_the_folder_is_served(client: TestClient, tmp_path: Path, path: str) -> None:
    (tmp_path.parent / "secret").write_text("secret")
    assert "secret" not in client.get(path).text.replace("/secret", "")


def test_without_a_built_console_the_documentation_says_why(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    answer = client.get("/")
    assert answer.url.path == "/api/docs"
    assert "Node.js" in answer.text
    assert client.get("/labs").status_code == 404
