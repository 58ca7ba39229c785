"""Which CML credentials hold for a worker: its own, then those of the first rule that matches, then the fleet's."""

from collections.abc import Sequence
from typing import Protocol

from cmlfleet.application.ports.sources import CMLCredentials, CMLTarget
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.integration.services.credential_rule import CredentialRule


class OwnCredentials(Protocol):
    """Where workers' own credentials are kept. Raises CredentialsUnavailable and StorageUnavailable."""

    async def get(self, worker_id: WorkerId) -> CMLCredentials | None: ...


class FleetCredentials:
    """Implements `CMLCredentialsProvider`."""

    def __init__(
        self, *, own: OwnCredentials, rules: Sequence[CredentialRule] = (), fleet: CMLCredentials | None
    ) -> None:
        self._own = own
        self._rules = tuple(rules)
        self._fleet = fleet

    async def credentials_for(self, target: CMLTarget) -> CMLCredentials | None:
        """Raises CredentialsUnavailable and StorageUnavailable."""
        if target.has_own_credentials and (own := await self._own.get(target.worker_id)) is not None:
            return own
        rule = self._rule_of(target)
        return self._fleet if rule is None else await rule.credentials()

    async def refused(self, target: CMLTarget, credentials: CMLCredentials, *, forced: bool) -> CMLCredentials | None:
        """Only a rule's password can change behind our back."""
        rule = self._rule_of(target)
        if target.has_own_credentials or rule is None:
            return None
        now = await rule.credentials_after(credentials, forced=forced)
        return None if now == credentials else now

    def _rule_of(self, target: CMLTarget) -> CredentialRule | None:
        return next((rule for rule in self._rules if rule.matches(target)), None)
