"""Sessions are found by the hash of their id, and swept away once they have ended."""

from dataclasses import replace
from datetime import timedelta

from tests.support.workers import NOW

from cmlfleet.application.ports.sessions import Session
from cmlfleet.persistence.storage import Storage

SESSION = Session(holder="of the token", created_at=NOW, last_used_at=NOW)


async def test_a_session_is_found_until_it_is_removed(storage: Storage, other: Storage) -> None:
    await storage.sessions.add(SESSION, id_hash="one")
    assert await other.sessions.find("one") == SESSION
    assert await other.sessions.find("two") is None
    later = NOW + timedelta(minutes=5)
    await other.sessions.used("one", at=later)
    assert await storage.sessions.find("one") == replace(SESSION, last_used_at=later)
    assert await other.sessions.remove("one") is True
    assert await storage.sessions.find("one") is None
    assert await storage.sessions.remove("one") is False


async def test_only_ended_sessions_are_swept_away(storage: Storage) -> None:
    day = timedelta(days=1)
    await storage.sessions.add(replace(SESSION, created_at=NOW - 9 * day), id_hash="old")
    await storage.sessions.add(replace(SESSION, last_used_at=NOW - 2 * day), id_hash="left alone")
    await storage.sessions.add(SESSION, id_hash="in use")
    assert await storage.sessions.remove_ended(created_before=NOW - 7 * day, used_before=NOW - day) == 2
    assert await storage.sessions.find("in use") == SESSION
    assert await storage.sessions.find("old") is None
