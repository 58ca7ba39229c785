"""Long work: what runs and ran."""

from collections.abc import Sequence
from dataclasses import dataclass

from cmlfleet.application.errors import OperationNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.storage import Operation, OperationStore
from cmlfleet.application.principal import Principal


@dataclass(frozen=True, slots=True)
class GetOperationQuery(Message[Operation]):
    """By the operation's id."""

    operation_id: str


@dataclass(frozen=True, slots=True)
class ListOperationsQuery(Message[Sequence[Operation]]):
    """The newest first."""

    limit: int = 100


class GetOperationQueryHandler:
    """Raises OperationNotFound and StorageUnavailable."""

    def __init__(self, *, operations: OperationStore) -> None:
        self._operations = operations

    async def handle_async(self, message: GetOperationQuery, principal: Principal) -> Operation:
        """Its progress so far."""
        operation = await self._operations.get(message.operation_id)
        if operation is None or not _may_follow(principal, operation):
            raise OperationNotFound(message.operation_id)
        return operation


class ListOperationsQueryHandler:
    """Raises StorageUnavailable."""

    def __init__(self, *, operations: OperationStore) -> None:
        self._operations = operations

    async def handle_async(self, message: ListOperationsQuery, principal: Principal) -> Sequence[Operation]:
        """At most `limit` of them."""
        found: list[Operation] = []
        offset = 0
        while len(found) < message.limit:
            page = await self._operations.list(limit=message.limit, offset=offset)
            found += [operation for operation in page if _may_follow(principal, operation)]
            offset += message.limit
            if len(page) < message.limit:
                break
        return found[: message.limit]


def _may_follow(principal: Principal, operation: Operation) -> bool:
    return principal.limit is None or principal.limit.covers(operation.within)
