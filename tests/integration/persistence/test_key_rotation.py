"""Rotating the key of stored secrets: nothing is lost, whoever is killed and whoever writes meanwhile."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update
from tests.integration.persistence.conftest import OpenStorage
from tests.support.processes_environment import python_environment

from cmlfleet.application.ports.sources import CMLCredentials, CredentialsUnavailable
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.persistence import key_rotation, tables
from cmlfleet.persistence.key_in_force import KeyStanding
from cmlfleet.persistence.key_rotation import KeyRotation, Rotation
from cmlfleet.persistence.secret_key import GivenKeys, KeyFile, KeySource, SecretKey
from cmlfleet.persistence.storage import Storage

OLD, NEW, OTHER = ("the old secret key of these tests", "the new secret key of these tests", "a key of nobody" * 3)
WORKERS = [WorkerId(f"w-{number:03}") for number in range(25)]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.key"
    path.write_text(f"{OLD}\n")
    return path


def credentials_of(worker_id: WorkerId) -> CMLCredentials:
    return CMLCredentials(username="admin", password=f"password of {worker_id}")


async def fill(storage: Storage) -> None:
    for worker_id in WORKERS:
        await storage.credentials.put(worker_id, credentials_of(worker_id))


async def all_are_readable(storage: Storage) -> bool:
    return [await storage.credentials.get(each) for each in WORKERS] == [credentials_of(each) for each in WORKERS]


async def key_ids(storage: Storage) -> set[str]:
    async with storage.database.reading() as connection:
        return set((await connection.execute(select(tables.credentials.c.key_id))).scalars())


def killed_after_its_first_batch(url: str, key_file: Path) -> str:
    """What it had said by then."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.rotating_until_killed", url, str(key_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        process.kill()
    return said


async def rotate(storage: Storage, source: KeySource, *, lost_key: bool = False) -> Rotation:
    return await KeyRotation(storage.database, source, tell=lambda _done: None).run(lost_key=lost_key)


async def test_everything_is_under_a_new_key_that_the_file_holds_alone(
    url: str, open_storage: OpenStorage, key_file: Path
) -> None:
    storage = open_storage(url, keys=KeyFile(key_file))
    await fill(storage)

    done = await rotate(storage, KeyFile(key_file))

    assert (done.sealed_anew, done.unreadable) == (len(WORKERS), ())
    assert await key_ids(storage) == {done.key_id}
    assert [key.key_id for key in KeyFile(key_file).load()] == [done.key_id]
    assert done.key_id != SecretKey(OLD).key_id
    assert await all_are_readable(open_storage(url, keys=KeyFile(key_file)))


async def test_a_service_that_runs_meanwhile_reads_and_writes_on(
    url: str, open_storage: OpenStorage, key_file: Path
) -> None:
    """It learned the old key at its start, and nobody restarts it."""
    service = open_storage(url, keys=KeyFile(key_file))
    await fill(service)

    done = await rotate(open_storage(url), KeyFile(key_file))

    assert await all_are_readable(service)
    late = WorkerId("w-set-later")
    await service.credentials.put(late, credentials_of(late))
    assert await key_ids(service) == {done.key_id}
    assert await open_storage(url, keys=KeyFile(key_file)).credentials.get(late) == credentials_of(late)


async def test_killed_at_any_batch_it_goes_on_and_nothing_is_ever_unreadable(
    url: str, open_storage: OpenStorage, key_file: Path
) -> None:
    await fill(open_storage(url, keys=KeyFile(key_file)))
    new_keys: set[str] = set()
    for done_before_the_kill in (10, 10, 5, 0):
        said = await asyncio.to_thread(killed_after_its_first_batch, url, key_file)
        assert said == (str(done_before_the_kill) if done_before_the_kill else "")
        new_keys.add(KeyFile(key_file).load()[0].key_id)
        assert await all_are_readable(open_storage(url, keys=KeyFile(key_file)))

    assert len(new_keys) == 1, "a rotation that was cut short goes on to the same key"
    assert await key_ids(open_storage(url)) == new_keys
    assert {key.key_id for key in KeyFile(key_file).load()} == new_keys


async def test_a_key_that_is_given_is_rotated_by_giving_both(url: str, open_storage: OpenStorage) -> None:
    old = open_storage(url, keys=GivenKeys(OLD))
    await fill(old)
    both = GivenKeys(NEW, OLD)

    done = await rotate(old, both)

    assert done.key_id == SecretKey(NEW).key_id
    assert await all_are_readable(open_storage(url, keys=GivenKeys(NEW)))
    with pytest.raises(CredentialsUnavailable):
        await old.credentials.get(WORKERS[0])


async def test_who_has_only_the_old_key_no_longer_writes(url: str, open_storage: OpenStorage) -> None:
    """What it wrote would be unreadable as soon as the old key is taken away."""
    old = open_storage(url, keys=GivenKeys(OLD))
    await fill(old)
    await rotate(old, GivenKeys(NEW, OLD))
    with pytest.raises(StorageUnavailable, match="restart it with the new one"):
        await old.credentials.put(WORKERS[0], credentials_of(WORKERS[0]))
    assert await key_ids(old) == {SecretKey(NEW).key_id}


async def test_one_given_key_alone_is_told_how_to_rotate(url: str, open_storage: OpenStorage) -> None:
    storage = open_storage(url, keys=GivenKeys(OLD))
    await fill(storage)
    with pytest.raises(StorageUnavailable, match="CMLFLEET_SECRET_KEY_PREVIOUS"):
        await rotate(storage, GivenKeys(OLD))
    assert await all_are_readable(storage)


async def test_a_wrong_key_is_not_put_in_force_by_mistake(url: str, open_storage: OpenStorage) -> None:
    storage = open_storage(url, keys=GivenKeys(OLD))
    await fill(storage)
    with pytest.raises(StorageUnavailable, match=SecretKey(OLD).key_id):
        await rotate(storage, GivenKeys(OTHER))
    assert await all_are_readable(storage)
    await storage.credentials.put(WORKERS[0], credentials_of(WORKERS[0]))


async def test_where_the_key_is_lost_what_it_encrypted_is_named(url: str, open_storage: OpenStorage) -> None:
    storage = open_storage(url, keys=GivenKeys(OLD))
    await fill(storage)

    done = await rotate(storage, GivenKeys(NEW), lost_key=True)

    assert done.unreadable == tuple(WORKERS)
    new = open_storage(url, keys=GivenKeys(NEW))
    await new.credentials.put(WORKERS[0], credentials_of(WORKERS[0]))
    assert await new.credentials.get(WORKERS[0]) == credentials_of(WORKERS[0])


async def test_a_damaged_secret_stops_nothing(url: str, open_storage: OpenStorage, key_file: Path) -> None:
    storage = open_storage(url, keys=KeyFile(key_file))
    await fill(storage)
    async with storage.database.writing() as connection:
        damaged = update(tables.credentials).where(tables.credentials.c.worker_id == WORKERS[3])
        await connection.execute(damaged.values(ciphertext=b"damaged"))

    done = await rotate(storage, KeyFile(key_file))

    assert (done.sealed_anew, done.unreadable) == (len(WORKERS) - 1, (WORKERS[3],))


async def test_what_is_set_between_batches_is_kept(
    url: str, open_storage: OpenStorage, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "BATCH", 10)
    storage = open_storage(url, keys=KeyFile(key_file))
    await fill(storage)
    changed = CMLCredentials(username="admin", password="set between two batches")
    rotation = KeyRotation(storage.database, KeyFile(key_file), tell=lambda _done: None)
    seal_anew = rotation._seal_anew

    async def set_first(*arguments: object) -> list[str]:
        await storage.credentials.put(WORKERS[12], changed)
        return await seal_anew(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(rotation, "_seal_anew", set_first)
    await rotation.run()

    assert await storage.credentials.get(WORKERS[12]) == changed


async def test_what_stands_under_which_key_is_told(url: str, open_storage: OpenStorage) -> None:
    storage = open_storage(url, keys=GivenKeys(OLD))
    await fill(storage)

    right = await KeyStanding.of(storage.database, GivenKeys(OLD).load())
    begun = await KeyStanding.of(storage.database, GivenKeys(NEW, OLD).load())
    wrong = await KeyStanding.of(storage.database, GivenKeys(NEW).load())

    assert (right.first_is_in_force, right.under_earlier_keys, right.unreadable) == (True, 0, 0)
    assert (begun.first_is_in_force, begun.under_earlier_keys, begun.unreadable) == (False, len(WORKERS), 0)
    assert (wrong.first_is_in_force, wrong.unreadable) == (False, len(WORKERS))
    assert wrong.unknown == (SecretKey(OLD).key_id,)
