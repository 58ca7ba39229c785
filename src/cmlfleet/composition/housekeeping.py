"""The recurrent jobs beside the refreshes of groups: what one process does for all."""

from cmlfleet.application.services.certificate_comparison_job import CertificateComparisonJob
from cmlfleet.application.services.discovery_job import DiscoveryJob
from cmlfleet.application.services.retention_job import RetentionJob
from cmlfleet.composition.coordination import Foundation
from cmlfleet.scheduling.recurrent_jobs import RecurrentJobs

RETENTION_EVERY_SECONDS = 3600.0
RETENTION_FIRST_AFTER_SECONDS = 5.0  # the start has enough to do


class Housekeeping:
    """Adoption sweeps, the comparison of certificates, and the retention of history."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation
        self._discovery = DiscoveryJob(
            scopes=foundation.sources.aws.scopes, mediator=foundation.mediator(), clock=foundation.clock
        )

    def add_to(self, jobs: RecurrentJobs) -> None:
        """From now on."""
        settings, clock = self._foundation.settings, self._foundation.clock
        jobs.every(
            self._discovery,
            interval_seconds=settings.discovery_interval,
            first_after_seconds=settings.discovery_interval,
        )
        jobs.every(
            CertificateComparisonJob(mediator=self._foundation.mediator(), clock=clock),
            interval_seconds=settings.refresh_interval,
            first_after_seconds=settings.refresh_interval,
        )
        jobs.every(
            RetentionJob(
                history=self._foundation.storage.retention,
                samples_days=settings.retention_samples_days,
                events_days=settings.retention_events_days,
                audit_days=settings.retention_audit_days,
                clock=clock,
            ),
            interval_seconds=RETENTION_EVERY_SECONDS,
            first_after_seconds=RETENTION_FIRST_AFTER_SECONDS,
        )

    async def sweep_once_known(self) -> None:
        """AWS may be out of reach for long at the start: what the configuration names is swept, and the own account
        once AWS has told whose it is."""
        await self._discovery.run_async()
        await self._foundation.sources.until_known()
        self._foundation.standings.note_known_account()
        await self._discovery.run_async()
