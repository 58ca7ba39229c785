"""Where the secret key comes from: made once, given, a file, a command."""

import shlex
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.persistence.secret_key import (
    KEY_FILE,
    GivenKeys,
    KeyCommand,
    KeyFile,
    KeySource,
    SecretKey,
    SecretKeyUnusable,
)

ONE, TWO = "the first secret key of this test", "the second secret key of this test"


def ids(source: KeySource) -> Sequence[str]:
    return [key.key_id for key in source.load()]


def printing(text: str) -> str:
    return shlex.join([sys.executable, "-c", f"print({text!r})"])


def test_a_key_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / KEY_FILE
    made = ids(KeyFile(path, make=True))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert ids(KeyFile(path, make=True)) == made
    assert [entry.name for entry in path.parent.iterdir()] == [KEY_FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    starters = 16
    for attempt in range(10):
        source = KeyFile(tmp_path / str(attempt), make=True)
        together = Barrier(starters)

        def start(source: KeySource = source, together: Barrier = together) -> bytes:
            together.wait()
            return source.load()[0].key

        with ThreadPoolExecutor(starters) as pool:
            keys = [pool.submit(start) for _ in range(starters)]
        assert len({key.result() for key in keys}) == 1


def test_a_key_file_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process leaves it that is killed before it wrote the key."""

    def killed(_bytes: int) -> str:
        raise KeyboardInterrupt

    source = KeyFile(tmp_path / KEY_FILE, make=True)
    monkeypatch.setattr("cmlfleet.persistence.secret_key.secrets.token_urlsafe", killed)
    with pytest.raises(KeyboardInterrupt):
        source.load()
    monkeypatch.undo()
    assert ids(source) == ids(source)


def test_a_file_holds_the_key_in_force_and_those_from_before(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{ONE}\n\n{TWO}\n")
    assert ids(KeyFile(path)) == [SecretKey(ONE).key_id, SecretKey(TWO).key_id]


def test_a_rotation_puts_a_new_key_first_and_leaves_it_alone_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{ONE}\n")
    source = KeyFile(path)
    source.begin_rotation()
    new, old = ids(source)
    assert old == SecretKey(ONE).key_id
    assert new != old
    source.end_rotation()
    assert ids(source) == [new]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_command_prints_the_keys(tmp_path: Path) -> None:
    assert ids(KeyCommand(printing(f"{ONE}\n{TWO}"))) == [SecretKey(ONE).key_id, SecretKey(TWO).key_id]


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    KeyCommand(f"echo {ONE}; touch {mark}").load()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/nonexistent/vault read", "cannot be run: No such file or directory"),
        ("'unclosed", "cannot be run: it is no command"),
        (shlex.join([sys.executable, "-c", "raise SystemExit(3)"]), "ended with the status 3"),
        (printing(""), "gives no secret key"),
        (printing("hunter2"), "at least 32 characters"),
        (
            shlex.join([sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes([255, 254]))"]),
            "gives no text",
        ),
    ],
)
def test_a_command_that_gives_no_key_is_told(command: str, told: str) -> None:
    with pytest.raises(SecretKeyUnusable, match=told) as raised:
        KeyCommand(command).load()
    assert "hunter2" not in str(raised.value)


def test_a_command_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cmlfleet.persistence.secret_key._COMMAND_SECONDS", 0.2)
    with pytest.raises(SecretKeyUnusable, match="did not end"):
        KeyCommand(shlex.join([sys.executable, "-c", "import threading; threading.Event().wait()"])).load()


def test_a_file_that_is_not_there_or_too_short_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecretKeyUnusable, match="cannot be used: No such file or directory"):
        KeyFile(tmp_path / "missing").load()
    short = tmp_path / "short"
    short.write_text("x" * 31)
    with pytest.raises(SecretKeyUnusable, match="32"):
        KeyFile(short).load()


@pytest.mark.parametrize("source", [GivenKeys(ONE), KeyCommand(printing(ONE))])
def test_a_key_that_is_a_person_s_to_change_is_rotated_there(source: KeySource) -> None:
    with pytest.raises(StorageUnavailable, match="CMLFLEET_SECRET_KEY"):
        source.begin_rotation()
    source.end_rotation()
    assert ids(source) == [SecretKey(ONE).key_id]
