"""The pipeline's step that lets a message through or not, for HTTP, the schedule and the queue alike."""

from collections.abc import Mapping
from typing import Any

from cmlfleet.application.access import Rule
from cmlfleet.application.errors import NotAllowed
from cmlfleet.application.mediator import Message, Next
from cmlfleet.application.principal import Principal


class Authorisation:
    """Refuses whoever lacks the role that the table asks for; a message without a row goes nowhere."""

    def __init__(self, rules: Mapping[type[Message[Any]], Rule]) -> None:
        self._rules = rules

    async def __call__(self, message: Message[Any], principal: Principal, proceed: Next) -> Any:
        """Raises NotAllowed, and LookupError for a message that somebody forgot to put into the table."""
        rule = self._rules[type(message)]
        if not principal.role.includes(rule.role):
            raise NotAllowed(principal, rule.role, type(message).__name__)
        return await proceed()
