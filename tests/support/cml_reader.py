"""A CML source with everything round it that a test changes: credentials, pinned certificate, clock."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network

from cmlfleet.application.ports.sources import CMLCredentials, CMLTarget
from cmlfleet.domain.facts import CMLFact, CMLReadingPlan
from cmlfleet.domain.identifiers import AccountId, Region, WorkerId
from cmlfleet.integration.services.address_policy import AddressPolicy, Network
from cmlfleet.integration.services.certificate_trust import TLSContexts, TLSMode
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_source import CMLControllerSource
from cmlfleet.integration.services.controller import Controllers
from tests.support.waiting import until

LOOPBACK: Sequence[Network] = (ip_network("127.0.0.0/8"),)
EVERYTHING = CMLReadingPlan(health=True, labs=True, licence=True)
BY_PERSON = CMLReadingPlan(health=True, labs=True, licence=True, forced=True)


class CredentialsOnHand:
    """The same credentials for every worker, until a test sets others."""

    def __init__(self, credentials: CMLCredentials | None) -> None:
        self.credentials = credentials

    async def credentials_for(self, target: CMLTarget) -> CMLCredentials | None:
        del target
        return self.credentials

    async def refused(self, target: CMLTarget, credentials: CMLCredentials, *, forced: bool) -> CMLCredentials | None:
        del target, credentials, forced
        return None


class AdjustableClock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class CMLReader:
    """Reads one endpoint as one worker would be read, and keeps the certificate that it met first on record."""

    def __init__(
        self, source: CMLControllerSource, *, endpoint: str, credentials: CredentialsOnHand, clock: AdjustableClock
    ) -> None:
        self.source = source
        self.endpoint = endpoint
        self.credentials = credentials
        self.clock = clock
        self.pinned: str | None = None
        self.ec2_addresses: frozenset[str] = frozenset()
        self.worker_id = WorkerId("worker-1")

    def target(self) -> CMLTarget:
        return CMLTarget(
            worker_id=self.worker_id,
            account_id=AccountId("111122223333"),
            region=Region("us-east-1"),
            endpoint=self.endpoint,
            ec2_addresses=self.ec2_addresses,
            pinned_certificate=self.pinned,
            has_own_credentials=False,
        )

    async def read(self, plan: CMLReadingPlan = EVERYTHING) -> CMLFact:
        """One reading; a second passes before the next."""
        fact = await self.source.read(self.target(), plan)
        self.clock.advance(1)
        if self.pinned is None:
            self.pinned = fact.certificate
        return fact

    async def read_until_good(self, plan: CMLReadingPlan = EVERYTHING) -> CMLFact:
        """Read until nothing is wrong any more: a simulated socket opens a moment after its fault is gone."""
        facts = list[CMLFact]()

        async def is_good() -> bool:
            facts.append(await self.read(plan))
            return facts[-1].error_code is None

        await until(is_good, what="a good reading")
        return facts[-1]

    async def read_again(self, fact: CMLFact) -> CMLFact:
        """As a quiet minute reads: nothing is due, and what is known is what `fact` said."""
        return await self.read(background_plan(fact))


def background_plan(fact: CMLFact) -> CMLReadingPlan:
    return CMLReadingPlan(
        health=False,
        labs=False,
        licence=False,
        known_lab_ids=fact.lab_ids,
        known_running_nodes=None if fact.statistics is None else fact.statistics.running_nodes,
        known_is_licensed=None if fact.health is None else fact.health.is_licensed,
    )


@asynccontextmanager
async def cml_reader(
    endpoint: str,
    *,
    credentials: CMLCredentials | None,
    policy: AddressPolicy | None = None,
    timeout_seconds: float = 5.0,
    tls_mode: TLSMode = TLSMode.PIN,
    contexts: TLSContexts | None = None,
) -> AsyncGenerator[CMLReader]:
    """A source of its own."""
    clock = AdjustableClock()
    on_hand = CredentialsOnHand(credentials)
    async with CMLApiClient(keepalive_seconds=90.0) as client:
        source = CMLControllerSource(
            client=client,
            controllers=Controllers(tls_mode=tls_mode, contexts=contexts, clock=clock),
            credentials=on_hand,
            policy=policy or AddressPolicy(allowed_networks=LOOPBACK),
            timeout_seconds=timeout_seconds,
        )
        yield CMLReader(source, endpoint=endpoint, credentials=on_hand, clock=clock)
