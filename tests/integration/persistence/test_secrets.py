"""Credentials are encrypted at rest and readable only with the right key; tokens are stored as hashes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from traceback import format_exception

import pytest
from sqlalchemy import select, text, update
from tests.integration.persistence.conftest import OpenStorage
from tests.integration.persistence.records import SECRET_KEY, numbered, status_changed
from tests.support.postgres import PostgresServer
from tests.support.workers import NOW

from cmlfleet.application.ports.sources import CMLCredentials, CredentialsUnavailable
from cmlfleet.application.ports.storage import ApiToken
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import tables
from cmlfleet.persistence.secret_key import KEY_FILE, GivenKeys, KeyFile, SecretKey
from cmlfleet.persistence.storage import Storage

ONE, TWO = WorkerId("w-001"), WorkerId("w-002")
PASSWORD = "correct horse battery staple"
SIGN_IN = CMLCredentials(username="administrator-of-labs", password=PASSWORD)
TOKEN = CMLCredentials(token="eyJhbGciOi-a-ready-token")
ANOTHER_KEY = "another secret key, just as long as the first one"


async def test_credentials_come_back_to_who_asks_for_them(storage: Storage, other: Storage) -> None:
    assert await storage.credentials.get(ONE) is None
    await storage.credentials.put(ONE, SIGN_IN)
    await storage.credentials.put(TWO, TOKEN)
    assert await other.credentials.get(ONE) == SIGN_IN
    assert await other.credentials.get(TWO) == TOKEN
    await other.credentials.put(ONE, replace(SIGN_IN, password="new"))
    assert await storage.credentials.get(ONE) == replace(SIGN_IN, password="new")
    assert await storage.credentials.delete(ONE) is True
    assert await storage.credentials.delete(ONE) is False
    assert await storage.credentials.get(ONE) is None
    assert await storage.credentials.get(TWO) == TOKEN


async def _all_that_is_stored(url: str, storage: Storage, request: pytest.FixtureRequest) -> bytes:
    """The database's own files, write-ahead log included; for PostgreSQL its dump."""
    await storage.database.close()
    if url.startswith("sqlite"):
        path = Path(url.partition(":///")[2])
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    server: PostgresServer = request.getfixturevalue("postgres")
    rows = "SELECT string_agg(encode(ciphertext, 'escape') || worker_id || key_id, ' ') FROM credentials"
    tokens = "SELECT string_agg(t::text, ' ') FROM api_tokens t"
    database = url.rpartition("/")[2]
    return (server.sql(rows, database=database) + server.sql(tokens, database=database)).encode()


async def test_no_password_is_in_the_database(url: str, storage: Storage, request: pytest.FixtureRequest) -> None:
    await storage.credentials.put(ONE, SIGN_IN)
    await storage.credentials.put(TWO, TOKEN)
    stored = await _all_that_is_stored(url, storage, request)
    assert b"w-001" in stored  # or this would look in the wrong place
    for secret in (PASSWORD, SIGN_IN.username or "", TOKEN.token or "", SECRET_KEY):
        assert secret.encode() not in stored


async def test_the_same_password_looks_different_each_time(storage: Storage) -> None:
    await storage.credentials.put(ONE, SIGN_IN)
    await storage.credentials.put(TWO, SIGN_IN)
    async with storage.database.reading() as connection:
        one, two = (await connection.execute(select(tables.credentials.c.ciphertext))).scalars()
    assert one != two


async def test_with_another_key_credentials_are_unreadable_and_the_keys_are_named(
    url: str, storage: Storage, open_storage: OpenStorage
) -> None:
    await storage.credentials.put(ONE, SIGN_IN)
    wrong = open_storage(url, keys=GivenKeys(ANOTHER_KEY))
    with pytest.raises(CredentialsUnavailable) as raised:
        await wrong.credentials.get(ONE)
    said = "".join(format_exception(raised.value))
    assert SecretKey(SECRET_KEY).key_id in said
    assert SecretKey(ANOTHER_KEY).key_id in said
    assert PASSWORD not in said
    assert await open_storage(url).credentials.get(ONE) == SIGN_IN  # the right key again


async def test_a_ciphertext_in_another_worker_s_row_cannot_be_read_there(storage: Storage) -> None:
    await storage.credentials.put(ONE, SIGN_IN)
    async with storage.database.writing() as connection:
        await connection.execute(update(tables.credentials).values(worker_id=TWO))
    with pytest.raises(CredentialsUnavailable):
        await storage.credentials.get(TWO)


async def test_a_damaged_ciphertext_is_unreadable(storage: Storage) -> None:
    await storage.credentials.put(ONE, SIGN_IN)
    for damaged in (b"", b"short", bytes(60)):
        async with storage.database.writing() as connection:
            await connection.execute(update(tables.credentials).values(ciphertext=damaged))
        with pytest.raises(CredentialsUnavailable):
            await storage.credentials.get(ONE)


async def test_credentials_may_be_set_by_several_at_once(storage: Storage, other: Storage) -> None:
    choices = [replace(SIGN_IN, password=str(number)) for number in range(20)]
    await asyncio.gather(
        *((storage, other)[number % 2].credentials.put(ONE, choice) for number, choice in enumerate(choices))
    )
    assert await storage.credentials.get(ONE) in choices


async def test_no_error_of_the_database_shows_what_was_to_be_stored(storage: Storage) -> None:
    async with storage.database.writing() as connection:
        await connection.execute(text("DROP TABLE events"))
        await connection.execute(text("DROP TABLE workers"))
        await connection.execute(text("DROP TABLE api_tokens"))
    attempts = (
        storage.workers.save(numbered(1, note=PASSWORD), events=[status_changed("w-001", PASSWORD)]),
        storage.workers.add(numbered(1, note=PASSWORD), events=[status_changed("w-001", PASSWORD)]),
        storage.tokens.find(PASSWORD),
    )
    for error in await asyncio.gather(*attempts, return_exceptions=True):
        assert isinstance(error, Exception)
        assert PASSWORD not in "".join(format_exception(error))


async def test_the_data_directory_and_the_database_are_for_their_owner_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    path = data_dir / "cmlfleet.db"
    keys = KeyFile(data_dir / KEY_FILE, make=True)
    storage = Storage(url=f"sqlite+aiosqlite:///{path}", data_dir=data_dir, keys=keys, clock=lambda: NOW)
    try:
        await storage.sealer.load()
        async with storage.database.writing() as connection:
            await connection.execute(text("CREATE TABLE something (id INTEGER)"))
        modes = {file.name: file.stat().st_mode & 0o777 for file in data_dir.iterdir()}
    finally:
        await storage.close()
    assert data_dir.stat().st_mode & 0o777 == 0o700
    assert modes.pop(KEY_FILE) == 0o600
    assert set(modes) >= {"cmlfleet.db", "cmlfleet.db-wal"}
    assert set(modes.values()) == {0o600}


def _token(token_id: str, **changes: object) -> ApiToken:
    token = ApiToken(id=token_id, name=f"Grün {token_id}", role="operator", created_at=NOW)
    return replace(token, **changes)  # pyright: ignore[reportArgumentType]


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


async def test_a_token_is_found_by_its_hash_until_it_is_revoked(storage: Storage, other: Storage) -> None:
    token = _token("t-1", expires_at=NOW + timedelta(days=1), last_used_at=NOW)
    await storage.tokens.add(token, token_hash=_hash("secret"))
    assert await other.tokens.find(_hash("secret")) == token
    assert await other.tokens.find(_hash("Secret")) is None
    assert await other.tokens.find("secret") is None
    assert await other.tokens.revoke("t-2") is None
    assert await other.tokens.revoke("t-1") == token
    assert await storage.tokens.find(_hash("secret")) is None
    assert await storage.tokens.revoke("t-1") is None


async def test_an_expired_token_is_still_listed(storage: Storage) -> None:
    token = _token("t-1", expires_at=NOW - timedelta(days=1))
    await storage.tokens.add(token, token_hash=_hash("a"))
    assert await storage.tokens.find(_hash("a")) == token
    assert await storage.tokens.list() == [token]


async def test_tokens_are_listed_the_oldest_first(storage: Storage) -> None:
    tokens = [_token(f"t-{age}", created_at=NOW - timedelta(days=age)) for age in (1, 3, 2)]
    for token in tokens:
        await storage.tokens.add(token, token_hash=_hash(token.id))
    assert [token.id for token in await storage.tokens.list()] == ["t-3", "t-2", "t-1"]


async def test_no_two_tokens_have_one_hash(storage: Storage) -> None:
    await storage.tokens.add(_token("t-1"), token_hash=_hash("a"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await storage.tokens.add(_token("t-2"), token_hash=_hash("a"))
    assert len(await storage.tokens.list()) == 1
