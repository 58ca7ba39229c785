"""The recurrent comparison of pinned certificates."""

from cmlfleet.application.clock import Clock
from cmlfleet.application.commands.compare_certificates_command import CompareCertificatesCommand
from cmlfleet.application.mediator import Mediator
from cmlfleet.application.principal import SCHEDULE
from cmlfleet.application.services.recurrent_background_job import RecurrentBackgroundJob


class CertificateComparisonJob(RecurrentBackgroundJob):
    """Dispatches `CompareCertificatesCommand`."""

    def __init__(self, *, mediator: Mediator, clock: Clock) -> None:
        super().__init__(name="certificate-comparison", clock=clock)
        self._mediator = mediator

    async def work_async(self) -> None:
        """One query, and a change for each worker whose standing changed."""
        await self._mediator.execute_async(CompareCertificatesCommand(), SCHEDULE)
