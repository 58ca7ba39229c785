"""Why a worker does not answer: EC2 asked anew, the way to its controller walked step by step, nothing saved."""

from dataclasses import dataclass
from time import perf_counter

from cmlfleet.application.clock import Clock
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.probing import ControllerProbe
from cmlfleet.application.ports.sources import CMLTarget, EC2Source
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.views import DiagnosisView, FindingView
from cmlfleet.application.services.shared_runs import SharedRuns
from cmlfleet.application.services.worker_shelf import WorkerShelf
from cmlfleet.domain.cause import Cause
from cmlfleet.domain.finding import worst
from cmlfleet.domain.identifiers import WorkerId


@dataclass(frozen=True, slots=True)
class DiagnoseWorkerQuery(Message[DiagnosisView]):
    """It changes nothing, and still needs an operator: it makes connections in the service's name."""

    worker_id: WorkerId


class DiagnoseWorkerQueryHandler:
    """Callers at the same moment share one probe."""

    def __init__(self, *, shelf: WorkerShelf, ec2: EC2Source, probe: ControllerProbe, clock: Clock) -> None:
        self._shelf = shelf
        self._ec2 = ec2
        self._probe = probe
        self._clock = clock
        self._runs: SharedRuns[DiagnosisView] = SharedRuns()

    async def handle_async(self, message: DiagnoseWorkerQuery, principal: Principal) -> DiagnosisView:
        """Raises WorkerNotFound and StorageUnavailable; whatever is met on the way is a finding."""
        return await self._runs.run(message.worker_id, lambda: self._diagnose(message.worker_id, principal))

    async def _diagnose(self, worker_id: WorkerId, principal: Principal) -> DiagnosisView:
        started_at, started = self._clock(), perf_counter()
        cause = Cause(actor=principal.name, command=DiagnoseWorkerQuery.__name__)
        worker = await self._shelf.take(worker_id, cause=cause)
        worker.observe_ec2(await self._ec2.read(worker.state.instance, max_age_seconds=0.0))
        target = CMLTarget.of(worker.state) if worker.cml_skip_reason() is None else None
        met = None if target is None else await self._probe.probe(target)
        findings = worker.diagnose(met, now=self._clock())
        chief = worst(findings)
        return DiagnosisView(
            worker_id=worker_id,
            name=worker.state.name,
            summary="it answers, and nothing is wrong" if chief is None else chief.text,
            findings=tuple(
                FindingView(check=finding.check, state=finding.state.value, text=finding.text, fix=finding.fix)
                for finding in findings
            ),
            started_at=started_at,
            duration_ms=(perf_counter() - started) * 1000,
        )
