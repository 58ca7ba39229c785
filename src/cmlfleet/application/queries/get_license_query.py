"""A worker's licence in full."""

from dataclasses import dataclass

from cmlfleet.application.errors import WorkerNotFound
from cmlfleet.application.mediator import Message
from cmlfleet.application.ports.reading import FleetReader
from cmlfleet.application.principal import Principal
from cmlfleet.application.queries.unread_part import why_unread
from cmlfleet.application.queries.views import LicenseDetailView, LicenseFeatureView
from cmlfleet.application.queries.worker_view import license_view
from cmlfleet.domain.identifiers import WorkerId
from cmlfleet.domain.sources import CMLPart, Source


@dataclass(frozen=True, slots=True)
class GetLicenseQuery(Message[LicenseDetailView]):
    """By the worker's id."""

    worker_id: WorkerId


class GetLicenseQueryHandler:
    """Raises WorkerNotFound and StorageUnavailable."""

    def __init__(self, *, reader: FleetReader) -> None:
        self._reader = reader

    async def handle_async(self, message: GetLicenseQuery, principal: Principal) -> LicenseDetailView:
        """As of the last reading of the licence."""
        state = await self._reader.get_state(message.worker_id)
        if state is None:
            raise WorkerNotFound(message.worker_id)
        known = state.cml_license
        part = state.sources[Source.CML].parts.get(CMLPart.LICENCE)
        return LicenseDetailView(
            worker_id=state.id,
            is_licensed=state.cml_is_licensed,
            license=license_view(known),
            smart_account=None if known is None else known.smart_account,
            virtual_account=None if known is None else known.virtual_account,
            nodes_limit=state.nodes_limit,
            features=tuple(
                LicenseFeatureView(
                    id=feature.feature_id,
                    name=feature.name,
                    status=feature.status,
                    in_use=feature.in_use,
                    min=feature.minimum,
                    max=feature.maximum,
                )
                for feature in (() if known is None else known.features)
            ),
            reason=state.cml_license_reason or (why_unread(state, CMLPart.LICENCE) if known is None else None),
            read_at=None if part is None else part.read_at,
        )
