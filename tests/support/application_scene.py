"""The application on fakes: everything between the mediator and the ports is real."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from cmlfleet.application.access import ACCESS
from cmlfleet.application.authorisation import Authorisation
from cmlfleet.application.commands.compare_certificates_command import (
    CompareCertificatesCommand,
    CompareCertificatesCommandHandler,
)
from cmlfleet.application.commands.discover_workers_command import (
    DiscoverWorkersCommand,
    DiscoverWorkersCommandHandler,
)
from cmlfleet.application.commands.forget_worker_command import ForgetWorkerCommand, ForgetWorkerCommandHandler
from cmlfleet.application.commands.import_workers_command import (
    IMPORT,
    ImportWorkersCommand,
    ImportWorkersCommandHandler,
)
from cmlfleet.application.commands.refresh_worker_metrics_command import (
    RefreshWorkerMetricsCommand,
    RefreshWorkerMetricsCommandHandler,
)
from cmlfleet.application.commands.refresh_workers_command import refresh_of_one
from cmlfleet.application.commands.set_credentials_command import (
    DeleteCredentialsCommand,
    SetCredentialsCommand,
    SetCredentialsCommandHandler,
)
from cmlfleet.application.commands.update_worker_command import UpdateWorkerCommand, UpdateWorkerCommandHandler
from cmlfleet.application.mediator import Mediator, Message, Registration
from cmlfleet.application.principal import Principal, Role
from cmlfleet.application.queries.views import RefreshReport
from cmlfleet.application.services.adoption import Adoption
from cmlfleet.application.services.controller_lookup import ControllerLookup
from cmlfleet.application.services.operation_runner import OperationRunner
from cmlfleet.application.services.prompt_refreshes import PromptRefreshes
from cmlfleet.application.services.saved_records import SavedRecords
from cmlfleet.application.services.scope_standing import ScopeStandings
from cmlfleet.application.services.shared_runs import SharedRuns
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState
from cmlfleet.domain.identifiers import AccountId, InstanceId, Region, WorkerId
from cmlfleet.domain.instance_ref import InstanceRef
from cmlfleet.domain.worker_policy import WorkerPolicy
from tests.support.fake_cml_source import FakeCMLSource
from tests.support.fake_schedule import FakeSchedule
from tests.support.fake_sources import FakeCloudWatchSource, FakeEC2Source, running_instance
from tests.support.fake_storage import FakeCredentialsStore, FakeOperationStore, FakeWorkerStore

ACCOUNT, REGION = AccountId("111122223333"), Region("us-east-1")
ANN = Principal("ann", Role.OPERATOR)
DISCOVERY_TAGS = {"cmlfleet:managed": "true"}
BACKGROUND_AGE_SECONDS = 24.0
T = TypeVar("T")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class ApplicationScene:
    """`saved` tells the records that were published, `observed` the refreshes, `woken` counts wake-ups."""

    workers: FakeWorkerStore = field(default_factory=FakeWorkerStore)
    credentials: FakeCredentialsStore = field(default_factory=FakeCredentialsStore)
    operations: FakeOperationStore = field(default_factory=FakeOperationStore)
    ec2: FakeEC2Source = field(default_factory=FakeEC2Source)
    cloudwatch: FakeCloudWatchSource = field(default_factory=FakeCloudWatchSource)
    cml: FakeCMLSource = field(default_factory=FakeCMLSource)
    schedule: FakeSchedule = field(default_factory=FakeSchedule)
    saved: list[tuple[CMLWorkerState | None, CMLWorkerState | None]] = field(default_factory=list)  # pyright: ignore[reportUnknownVariableType]
    observed: list[RefreshReport] = field(default_factory=list[RefreshReport])
    guarded_labels: set[str] = field(default_factory=set[str])
    woken: int = 0

    def __post_init__(self) -> None:
        self.saved_records = SavedRecords()
        self.saved_records.subscribe(lambda before, after: self.saved.append((before, after)))
        self.shelf = WorkerShelf(
            workers=self.workers,
            policies=lambda account_id: WorkerPolicy(discovery_tags=DISCOVERY_TAGS),
            saved_records=self.saved_records,
            monitoring=self.schedule,
            wake_delivery=self._wake,
        )
        self.standings = ScopeStandings(utc_now)
        self.prompt_refreshes = PromptRefreshes(self.refresh_as)
        self.operation_runner = OperationRunner(
            store=self.operations,
            clock=utc_now,
            observe=lambda _: None,
            works={IMPORT: refresh_of_one(self.refresh_by)},
            process_id="p-1",
            silent_seconds=15.0,
        )
        self.mediator = Mediator(
            self._registrations(), pipeline=(Authorisation(ACCESS, find_worker=self.workers.load),)
        )

    async def send(self, message: Message[T], principal: Principal = ANN) -> T:
        """Through the mediator, as everything goes."""
        return await self.mediator.execute_async(message, principal)

    async def refresh(self, worker_id: WorkerId, *, background: bool = False) -> RefreshReport:
        return await self.send(RefreshWorkerMetricsCommand(worker_id, background=background))

    async def refresh_as(self, worker_id: WorkerId, principal: Principal, background: bool) -> RefreshReport:
        return await self.send(RefreshWorkerMetricsCommand(worker_id, background), principal)

    async def refresh_by(self, worker_id: WorkerId, principal: Principal) -> RefreshReport:
        return await self.refresh_as(worker_id, principal, background=False)

    def instance(self, number: int = 1, **changes: object) -> InstanceRef:
        """An instance that EC2 knows from now on."""
        ref = InstanceRef(ACCOUNT, REGION, InstanceId(f"i-{number:017x}"))
        fact = replace(running_instance(), tags={"Name": f"worker-{number}", **DISCOVERY_TAGS})
        self.ec2.instances[ref] = replace(fact, **changes)  # pyright: ignore[reportArgumentType]
        return ref

    async def worker(self, number: int = 1, **changes: object) -> WorkerId:
        """A record of an instance that EC2 knows; nothing was read of it yet."""
        ref = self.instance(number, **changes)
        state = CMLWorkerState(
            id=WorkerId(f"w-{number}"),
            account_id=ref.account_id,
            region=ref.region,
            instance_id=ref.instance_id,
            name=ref.instance_id,
            created_at=utc_now(),
        )
        return (await self.workers.add(state, events=())).id

    async def state(self, worker_id: WorkerId) -> CMLWorkerState:
        """As it is stored."""
        found = await self.workers.load(worker_id)
        assert found is not None
        return found

    async def _guarded(self) -> frozenset[str]:
        return frozenset(self.guarded_labels)

    def _wake(self) -> None:
        self.woken += 1

    def _registrations(self) -> Sequence[Registration]:
        adoption = Adoption(shelf=self.shelf, clock=utc_now)
        credentials = SetCredentialsCommandHandler(
            shelf=self.shelf, credentials=self.credentials, cml=self.cml, clock=utc_now
        )
        return [
            Registration(
                RefreshWorkerMetricsCommand,
                RefreshWorkerMetricsCommandHandler(
                    shelf=self.shelf,
                    ec2=self.ec2,
                    cloudwatch=self.cloudwatch,
                    cml=self.cml,
                    controllers=ControllerLookup(self.workers),
                    monitoring=self.schedule,
                    clock=utc_now,
                    background_max_age_seconds=BACKGROUND_AGE_SECONDS,
                    observe=self.observed.append,
                    runs=SharedRuns(),
                ),
            ),
            Registration(
                ImportWorkersCommand,
                ImportWorkersCommandHandler(
                    ec2=self.ec2,
                    workers=self.workers,
                    adoption=adoption,
                    operations=self.operation_runner,
                    scopes=lambda: [(ACCOUNT, REGION)],
                    clock=utc_now,
                ),
            ),
            Registration(
                DiscoverWorkersCommand,
                DiscoverWorkersCommandHandler(
                    ec2=self.ec2,
                    workers=self.workers,
                    adoption=adoption,
                    prompt_refreshes=self.prompt_refreshes,
                    standings=self.standings,
                    discovery_tags=DISCOVERY_TAGS,
                    max_age_seconds=BACKGROUND_AGE_SECONDS,
                ),
            ),
            Registration(
                UpdateWorkerCommand,
                UpdateWorkerCommandHandler(shelf=self.shelf, guarded_labels=self._guarded, clock=utc_now),
            ),
            Registration(
                CompareCertificatesCommand,
                CompareCertificatesCommandHandler(workers=self.workers, shelf=self.shelf, clock=utc_now),
            ),
            Registration(SetCredentialsCommand, credentials),
            Registration(DeleteCredentialsCommand, credentials),
            Registration(
                ForgetWorkerCommand,
                ForgetWorkerCommandHandler(
                    workers=self.workers,
                    credentials=self.credentials,
                    cml=self.cml,
                    monitoring=self.schedule,
                    saved_records=self.saved_records,
                    wake_delivery=self._wake,
                    clock=utc_now,
                ),
            ),
        ]
