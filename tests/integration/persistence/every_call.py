"""Every call of the stores, and what they answer when the database cannot be used."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.integration.persistence.records import forgotten, numbered, status_changed
from tests.support.workers import NOW

from cmlfleet.application.ports.audit import AuditCriteria, AuditEntry
from cmlfleet.application.ports.identity_provider import OpenIDAttempt
from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.application.ports.storage import ApiToken, Operation, OperationRun, StorageUnavailable
from cmlfleet.application.ports.users import AttemptLimit, User
from cmlfleet.application.principal import Role
from cmlfleet.application.queries.criteria import EventCriteria, WorkerCriteria
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.persistence.storage import Storage

SOON_SECONDS = 5.0  # a person waits for the answer
Calls = dict[str, Callable[[], Awaitable[object]]]


def every_read(storage: Storage) -> Calls:
    """By name."""
    worker_id, instance = numbered(1).id, numbered(1).instance
    return {
        "ping": storage.database.ping,
        "load": lambda: storage.workers.load(worker_id),
        "known": storage.workers.known_instances,
        "monitored": storage.workers.monitored,
        "all": storage.workers.all_states,
        "versions": storage.workers.versions,
        "installation": storage.installation.name,
        "id": lambda: storage.workers.worker_id_of(instance),
        "tombstones": lambda: storage.workers.forgotten_instances(instance.account_id, instance.region),
        "pending": lambda: storage.outbox.pending(limit=1),
        "state": lambda: storage.reader.get_state(worker_id),
        "list": lambda: storage.reader.find_states(WorkerCriteria()),
        "fleet": storage.reader.fleet_states,
        "summaries": storage.reader.fleet_summaries,
        "events": lambda: storage.reader.find_events(EventCriteria()),
        "follow": lambda: storage.reader.events_after(0, limit=1),
        "samples": lambda: storage.reader.samples(
            worker_id, start=NOW, end=NOW + timedelta(minutes=1), step_seconds=60
        ),
        "credentials": lambda: storage.credentials.get(worker_id),
        "token": lambda: storage.tokens.find("hash"),
        "tokens": storage.tokens.list,
        "any user": storage.users.any,
        "user": lambda: storage.users.get("u-1"),
        "user by name": lambda: storage.users.named("ann"),
        "users": storage.users.list,
        "set-up code": storage.users.set_up_code,
        "trusted": lambda: storage.attempts.is_trusted("device", user_id="u-1"),
        "limited labels": storage.tokens.limited_labels,
        "audit": lambda: storage.audit.find(AuditCriteria()),
        "operation": lambda: storage.operations.get("o-1"),
        "operations": lambda: storage.operations.list(limit=1),
        "unfinished": storage.operations.unfinished,
    }


def every_write(storage: Storage) -> Calls:
    """By name; those that change something find what `one_worker` added."""
    state = numbered(1, version=1)
    operation = Operation(
        id="o-1", kind="k", state="running", done=0, total=0, items=[], created_by="me", created_at=NOW
    )
    run = OperationRun(operation_id="o-1", owner="p-1", token="t-1", heard_at=NOW)
    entry = AuditEntry(
        id="a-1",
        at=NOW,
        actor="me",
        actor_kind="user",
        role="admin",
        address=None,
        action="Test",
        worker_id=None,
        request={},
        result="done",
        detail=None,
    )
    attempt = OpenIDAttempt(nonce="n", verifier="v", browser_hash="b", redirect_uri="r", begun_at=NOW)
    user = User(id="u-1", name="ann", role=Role.VIEWER, created_at=NOW, password_hash="h")
    token = ApiToken(id="t-2", name="n", role="viewer", created_at=NOW)
    return {
        "save": lambda: storage.workers.save(state, events=[status_changed(state.id)]),
        "add": lambda: storage.workers.add(numbered(2), events=[status_changed("w-002")]),
        "remove": lambda: storage.workers.remove(state.id, event=forgotten(state)),
        "delivered": lambda: storage.outbox.delivered([1]),
        "fence": storage.installation.next_fence,
        "put": lambda: storage.credentials.put(state.id, CMLCredentials(username="u", password="p")),
        "delete": lambda: storage.credentials.delete(state.id),
        "add token": lambda: storage.tokens.add(token, token_hash="h"),
        "token used": lambda: storage.tokens.used("t-1", at=NOW),
        "add user": lambda: storage.users.add(user),
        "add first user": lambda: storage.users.add_first(user),
        "save user": lambda: storage.users.save(user),
        "user signed in": lambda: storage.users.signed_in("u-1", at=NOW),
        "replace code": lambda: storage.users.replace_set_up_code("hash"),
        "attempt": lambda: storage.attempts.take({"x": AttemptLimit(1, 1.0)}),
        "give back": lambda: storage.attempts.give_back({"x": AttemptLimit(1, 1.0)}),
        "trust": lambda: storage.attempts.trust("device", user_id="u-1"),
        "begin openid": lambda: storage.openid_attempts.add(attempt, state_hash="s"),
        "take openid": lambda: storage.openid_attempts.take("s"),
        "end sessions": lambda: storage.sessions.remove_of("user:u-1"),
        "revoke": lambda: storage.tokens.revoke("t-1"),
        "add audit": lambda: storage.audit.add(entry),
        "delete audit": lambda: storage.retention.delete_audit_before(NOW + timedelta(days=1)),
        "add operation": lambda: storage.operations.add(operation, run),
        "save operation": lambda: storage.operations.save(operation, run, heard_at=NOW),
        "take operation": lambda: storage.operations.take_over(run, run),
        "samples": lambda: storage.retention.delete_samples_before(NOW + timedelta(days=1)),
        "events": lambda: storage.retention.delete_events_before(NOW + timedelta(days=1)),
    }


async def all_unavailable(calls: Calls) -> list[str]:
    """What each said; fails for one that was answered, or that kept its caller waiting."""
    said: list[str] = []
    for name, call in calls.items():
        try:
            async with asyncio.timeout(SOON_SECONDS):
                answer = await call()
        except StorageUnavailable as error:
            said.append(str(error))
        else:
            raise AssertionError(f"{name} was answered: {answer}")
    return said


async def one_worker(storage: Storage) -> CMLWorkerState:
    """A worker with an event, and a token: something for each call to find."""
    await storage.tokens.add(ApiToken(id="t-1", name="n", role="viewer", created_at=NOW), token_hash="hash")
    return await storage.workers.add(numbered(1), events=[status_changed("w-001")])
