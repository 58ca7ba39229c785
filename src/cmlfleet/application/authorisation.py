"""The pipeline's step that lets a message through or not, for HTTP, the schedule and the queue alike."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cmlfleet.application.access import Reach, Rule
from cmlfleet.application.errors import BeyondLimit, NotAllowed, OutsideLimit, WorkerNotFound
from cmlfleet.application.mediator import Message, Next
from cmlfleet.application.principal import Principal
from cmlfleet.application.team_limit import Scoped
from cmlfleet.domain.identifiers import WorkerId

FindWorker = Callable[[WorkerId], Awaitable[Scoped | None]]
"""A worker's record as it is stored now."""


class Authorisation:
    """Refuses whoever lacks the role that the table asks for, or whose limit leaves the worker out.

    A message without a row goes nowhere. What a message with the reach `WITHIN` answers or selects, its handler
    takes from what `principal.limit` admits.
    """

    def __init__(self, rules: Mapping[type[Message[Any]], Rule], *, find_worker: FindWorker) -> None:
        self._rules = rules
        self._find_worker = find_worker

    async def __call__(self, message: Message[Any], principal: Principal, proceed: Next) -> Any:
        """Raises NotAllowed, BeyondLimit, WorkerNotFound, and LookupError for what somebody forgot to list."""
        rule = self._rules[type(message)]
        if not principal.role.includes(rule.role):
            raise NotAllowed(principal, rule.role, type(message).__name__)
        if principal.limit is not None:
            if rule.reach is Reach.FLEET:
                raise BeyondLimit(principal, type(message).__name__)
            worker_id: WorkerId | None = getattr(message, "worker_id", None)
            if worker_id is not None:
                worker = await self._find_worker(worker_id)
                if worker is None:
                    raise WorkerNotFound(worker_id)
                if not principal.limit.admits(worker):
                    raise OutsideLimit(worker_id)
        return await proceed()
