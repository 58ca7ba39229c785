"""The pipeline's step that writes down every change and every refusal, whoever asked and however."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import uuid4

import msgspec

from cmlfleet.application.access import Audited, Rule
from cmlfleet.application.audit_entries import add_entry
from cmlfleet.application.changes import are_noted, noting_changes
from cmlfleet.application.clock import Clock
from cmlfleet.application.errors import OutsideLimit, Refused, TooManyAttempts
from cmlfleet.application.mediator import Message, Next
from cmlfleet.application.ports.audit import AuditEntry, AuditTrail, Change
from cmlfleet.application.ports.storage import StorageUnavailable
from cmlfleet.application.principal import Kind, Principal
from cmlfleet.application.services.refused_attempts import RefusedAttempts

LONGEST_JSON = 16_384  # of what was asked and of what changed: an entry is read by people
_SHOWN_OF_LONG = 2_048
_TOO_MANY = "too many attempts"


class NotAudited(StorageUnavailable):
    """The change was made, and could not be written into the audit trail."""


class Auditing:
    """Stands before the authorisation in the pipeline, so that what is refused there is written down too.

    An entry that cannot be written is in the log, is counted by `observe_failure`, and fails the command. `strangers`
    sums up those who go on when they have had their attempts.
    """

    def __init__(
        self,
        rules: Mapping[type[Message[Any]], Rule],
        *,
        trail: AuditTrail,
        strangers: RefusedAttempts,
        clock: Clock,
        observe_failure: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._trail = trail
        self._strangers = strangers
        self._clock = clock
        self._observe_failure = observe_failure

    async def __call__(self, message: Message[Any], principal: Principal, proceed: Next) -> Any:
        """Raises what the rest of the pipeline raises, and NotAudited."""
        rule = self._rules[type(message)]
        by_itself = principal.kind is Kind.SERVICE
        wanted = rule.audited is Audited.ALWAYS or (rule.audited is Audited.UNLESS_BY_ITSELF and not by_itself)
        if not wanted or are_noted():  # one entry for an operation, not one for each of its ten thousand steps
            try:
                return await proceed()
            except Refused as refusal:
                await self._add_failed_attempt(message, principal, "refused", refusal)
                raise
        with noting_changes() as changes:
            try:
                answer = await proceed()
            except Exception as error:
                result = "refused" if isinstance(error, Refused) else "failed"
                await self._add_failed_attempt(message, principal, result, error, changes)
                raise
        try:
            await self._add(message, principal, "done", None, changes)
        except StorageUnavailable as error:
            raise NotAudited(f"it was done, but the audit trail could not be written: {error}") from error
        return answer

    async def _add_failed_attempt(
        self,
        message: Message[Any],
        principal: Principal,
        result: str,
        error: Exception,
        changes: Sequence[Change] = (),
    ) -> None:
        if isinstance(error, TooManyAttempts) and principal.kind is Kind.ANONYMOUS:
            await self._strangers.note(address=principal.address, attempt=type(message).__name__, why=_TOO_MANY)
            return
        try:
            await self._add(message, principal, result, error, changes)
        except StorageUnavailable:
            return  # it is in the log, and whoever asked gets the error that came first

    async def _add(
        self,
        message: Message[Any],
        principal: Principal,
        result: str,
        error: Exception | None,
        changes: Sequence[Change],
    ) -> None:
        entry = AuditEntry(
            id=uuid4().hex,
            at=self._clock(),
            actor=principal.name,
            actor_kind=principal.kind.value,
            role=principal.role.value,
            address=principal.address,
            action=type(message).__name__,
            worker_id=error.worker_id if isinstance(error, OutsideLimit) else getattr(message, "worker_id", None),
            request=_request(message),
            changes=_bounded_changes(changes),
            result=result,
            detail=None if error is None else str(error) or type(error).__name__,
        )
        await add_entry(self._trail, entry, observe_failure=self._observe_failure)


def _request(message: Message[Any]) -> dict[str, Any]:
    """What a message says; fields that hide from `repr` are secrets."""
    shown = [field.name for field in fields(message) if field.repr and field.name != "worker_id"]  # pyright: ignore[reportArgumentType]
    said = {name: value for name in shown if (value := getattr(message, name)) not in (None, (), {})}
    return msgspec.to_builtins(said, enc_hook=str) if _is_short(said) else {"shortened": _beginning(said)}


def _bounded_changes(changes: Sequence[Change]) -> Sequence[Change]:
    if _is_short(changes):
        return tuple(changes)
    return (Change(what="shortened", before=None, after=_beginning(changes)),)


def _is_short(value: Any) -> bool:
    return len(msgspec.json.encode(value, enc_hook=str)) <= LONGEST_JSON


def _beginning(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str)[:_SHOWN_OF_LONG].decode(errors="replace")
