"""Backing up and restoring while the service runs: whole copies, a service that goes on, words for what is none."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from alembic.command import downgrade
from tests.integration.cli.conftest import Fleet, running_fleet
from tests.support.event_stream import listening
from tests.support.product import TOKEN, run_cli
from tests.support.waiting import until

from cmlfleet.persistence.migrate import HEAD_REVISION, alembic_config

FIRST, SECOND = "cml-worker-00001", "cml-worker-00002"
SECRET = "a-password-that-is-stored-encrypted"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """A fleet that is refreshed each second, so that somebody writes all the time."""
    with running_fleet(tmp_path_factory.mktemp("busy"), workers=2, refresh_interval="1") as fleet:
        yield fleet


def _here(fleet: Fleet, *arguments: str) -> subprocess.CompletedProcess[str]:
    return fleet.cli(*arguments, CMLFLEET_DATA_DIR=str(fleet.folder / "data"))


def _backed_up(fleet: Fleet, name: str) -> Path:
    path = fleet.folder / name
    done = _here(fleet, "backup", str(path), "--yes")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return path


def _note(fleet: Fleet, note: str) -> dict[str, Any]:
    worker = fleet.service.worker(FIRST)
    answer = fleet.service.http.patch(f"/api/v1/workers/{worker['id']}", json={"note": note})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_backup_is_whole_for_its_owner_alone_and_holds_no_secret(busy: Fleet) -> None:
    worker = _note(busy, "backed up")
    body = {"username": "admin", "password": SECRET}
    busy.service.http.put(f"/api/v1/workers/{worker['id']}/credentials", json=body)
    path = _backed_up(busy, "whole.db")
    busy.service.http.delete(f"/api/v1/workers/{worker['id']}/credentials")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SECRET.encode() not in path.read_bytes()
    assert not [other for other in path.parent.iterdir() if other.name.startswith((f".{path.name}", f"{path.name}-"))]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        documents = [json.loads(document) for (document,) in database.execute("SELECT document FROM workers")]
    assert {document["note"] for document in documents} == {"backed up", None}


def test_a_file_that_is_there_is_replaced_only_after_asking(busy: Fleet) -> None:
    path = busy.folder / "precious.txt"
    path.write_text("precious")
    refused = _here(busy, "backup", str(path))
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert path.read_text() == "precious"
    assert _here(busy, "backup", str(path), "--yes").returncode == 0
    assert path.read_bytes().startswith(b"SQLite format 3")


async def test_the_service_goes_on_with_what_is_restored(busy: Fleet) -> None:
    before = _note(busy, "before")
    path = _backed_up(busy, "restored.db")
    _note(busy, "after")
    forgotten = busy.service.worker(SECOND)
    assert busy.cli("workers", "forget", SECOND, "--yes").returncode == 0
    assert forgotten["id"] not in _metrics(busy)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(base_url=busy.service.url, headers=headers, timeout=30) as client,
        listening(client) as listener,
    ):
        refused = _here(busy, "restore", str(path))
        assert refused.returncode == 2
        done = _here(busy, "restore", str(path), "--yes")
        assert done.returncode == 0, done.stderr
        assert "restored 2 workers" in done.stderr
        await listener.gets("reset")
        await until(lambda: listener.ended, what="the stream to end after it")

    now = busy.service.worker(FIRST)
    assert (now["id"], now["note"]) == (before["id"], "before")
    assert now["version"] > before["version"]
    back = busy.service.worker(SECOND)
    assert back["id"] == forgotten["id"]
    busy.service.until(lambda: forgotten["id"] in _metrics(busy), what="the restored worker's gauges")
    busy.service.until(
        lambda: busy.service.worker(SECOND)["last_refreshed_at"] > forgotten["last_refreshed_at"],
        what="the restored worker to be monitored",
    )
    (entry,) = busy.service.get("/api/v1/audit", action="restore")["items"]
    assert entry["request"] == {"file": str(path)}
    assert "Traceback" not in busy.service.running.text
    (kept,) = busy.folder.glob("data/before-restore-*.db")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with closing(sqlite3.connect(kept)) as database:
        notes = [json.loads(document)["note"] for (document,) in database.execute("SELECT document FROM workers")]
    assert notes == ["after"]


def _metrics(fleet: Fleet) -> str:
    return fleet.service.http.get("/metrics").text


def test_many_backups_and_restores_while_everything_is_written(busy: Fleet) -> None:
    for number in range(3):
        path = _backed_up(busy, "again.db")
        _note(busy, f"lost {number}")
        assert _here(busy, "restore", str(path), "--yes").returncode == 0
        assert busy.service.worker(FIRST)["note"] != f"lost {number}"
        busy.service.until(lambda: busy.service.http.get("/readyz").status_code == 200, what="readiness")
    refreshed = busy.service.worker(FIRST)["last_refreshed_at"]
    busy.service.until(lambda: busy.service.worker(FIRST)["last_refreshed_at"] > refreshed, what="refreshes to go on")


def test_whoever_signed_out_since_then_stays_signed_out(busy: Fleet) -> None:
    with httpx2.Client(base_url=busy.service.url, timeout=30) as browser:
        signed_in = browser.post("/api/v1/session", json={"token": TOKEN})
        assert signed_in.status_code in (200, 201, 204), signed_in.text
        assert browser.get("/api/v1/me").status_code == 200
        path = _backed_up(busy, "session.db")
        assert _here(busy, "restore", str(path), "--yes").returncode == 0
        assert browser.get("/api/v1/me").status_code == 401


def _files(folder: Path) -> dict[str, Path]:
    (folder / "notes.txt").write_text("these are my notes")
    with closing(sqlite3.connect(folder / "other.db")) as database:
        database.execute("CREATE TABLE songs (title)")
        database.commit()
    return {"notes": folder / "notes.txt", "other": folder / "other.db", "missing": folder / "none.db"}


@pytest.mark.parametrize(
    ("kind", "told"),
    [("notes", "no SQLite database"), ("other", "another program's"), ("missing", "No such file")],
)
def test_what_is_no_backup_is_refused_in_words_and_nothing_changes(
    busy: Fleet, tmp_path: Path, kind: str, told: str
) -> None:
    _note(busy, "untouched")
    done = _here(busy, "restore", str(_files(tmp_path)[kind]), "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert busy.service.worker(FIRST)["note"] == "untouched"


def test_a_damaged_backup_is_refused(busy: Fleet) -> None:
    path = _backed_up(busy, "damaged.db")
    with path.open("rb+") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\xff" * 20_000)
    done = _here(busy, "restore", str(path), "--yes")
    assert done.returncode == 1
    assert "damaged" in done.stderr or "malformed" in done.stderr


def test_a_newer_schema_is_refused_and_an_older_one_brought_up_to_date(busy: Fleet) -> None:
    path = _backed_up(busy, "schema.db")
    newer = path.with_name("newer.db")
    shutil.copyfile(path, newer)
    with closing(sqlite3.connect(newer)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    refused = _here(busy, "restore", str(newer), "--yes")
    assert refused.returncode == 1
    assert "9999" in refused.stderr
    assert HEAD_REVISION in refused.stderr
    downgrade(alembic_config(f"sqlite+aiosqlite:///{path}"), "0008")
    done = _here(busy, "restore", str(path), "--yes")
    assert done.returncode == 0, done.stderr
    assert f"its schema 0008 was brought up to {HEAD_REVISION}" in done.stderr
    assert busy.service.worker(FIRST)["name"] == FIRST


def test_a_restore_without_a_service_makes_the_database_and_says_whose_key_is_missing(
    busy: Fleet, tmp_path: Path
) -> None:
    worker = busy.service.worker(FIRST)
    body = {"username": "admin", "password": SECRET}
    busy.service.http.put(f"/api/v1/workers/{worker['id']}/credentials", json=body)
    path = _backed_up(busy, "elsewhere.db")
    busy.service.http.delete(f"/api/v1/workers/{worker['id']}/credentials")
    fresh = run_cli("restore", str(path), "--yes", url=busy.service.url, home=tmp_path, CMLFLEET_SECRET_KEY="k" * 40)
    assert fresh.returncode == 0, fresh.stderr
    assert "another key" in fresh.stderr
    made = tmp_path / ".cmlfleet" / "cmlfleet.db"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert not list(made.parent.glob("before-restore-*"))


def test_postgresql_has_tools_of_its_own_and_nothing_cannot_be_backed_up(tmp_path: Path) -> None:
    for command, tool in (("backup", "pg_dump"), ("restore", "pg_restore")):
        done = run_cli(
            command,
            str(tmp_path / "x.db"),
            url="http://127.0.0.1:1",
            home=tmp_path,
            CMLFLEET_DATABASE_URL="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        )
        assert done.returncode == 2
        assert tool in done.stderr
    nothing = run_cli("backup", str(tmp_path / "x.db"), url="http://127.0.0.1:1", home=tmp_path)
    assert nothing.returncode == 1
    assert not (tmp_path / "x.db").exists()
