"""Titles, owners, states and running nodes of all labs, in few calls."""

import asyncio
from collections.abc import Collection, Mapping
from functools import partial

from cmlfleet.domain.facts import CMLLab
from cmlfleet.domain.identifiers import LabId
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_lab_dto import CMLLabDTO
from cmlfleet.integration.services.call_failure import NO_CONNECTION_CODES, CMLCallError
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_session import CMLSession
from cmlfleet.integration.services.controller import Controller
from cmlfleet.integration.services.sign_in import Clock

_TILES_RETRY_SECONDS = 3600.0  # a controller that lacks the route, or answers too much, does so an hour later too
_LABS_AT_ONCE = 3  # so that one connection of the controller's four stays free for the other parts
_NOT_FOUND = 404


class LabDetails:
    """Reads the details of the labs of one controller: all at once where it offers that, else one by one."""

    def __init__(self, *, client: CMLApiClient, controller: Controller, session: CMLSession, clock: Clock) -> None:
        self._client = client
        self._controller = controller
        self._session = session
        self._clock = clock
        self._slots = asyncio.Semaphore(_LABS_AT_ONCE)

    async def read(self, lab_ids: Collection[LabId]) -> tuple[CMLLab, ...]:
        """The labs of these ids, less those that were deleted meanwhile. Raises `CMLCallError`."""
        if not lab_ids:
            return ()
        tiles = await self._tiles()
        labs = {
            lab_id: _fact(lab_id, tile, nodes_running=tile.nodes_running)
            for lab_id, tile in tiles.items()
            if lab_id in lab_ids and tile.nodes_running is not None
        }
        tasks = list[asyncio.Task[CMLLab | None]]()
        try:
            async with asyncio.TaskGroup() as group:
                for lab_id in lab_ids:
                    if lab_id not in labs:
                        tasks.append(group.create_task(self._lab(lab_id, tile=tiles.get(lab_id))))
        except ExceptionGroup as failures:  # not `except*`: before Python 3.11.4 it wraps what is raised within anew
            if failures.split(CMLCallError)[1] is not None:
                raise
            raise failures.exceptions[0] from None
        labs.update({lab.lab_id: lab for task in tasks if (lab := task.result()) is not None})
        return tuple(labs[lab_id] for lab_id in sorted(labs))

    async def _tiles(self) -> Mapping[LabId, CMLLabDTO]:
        """What the one call for everything tells, nothing where it cannot be used."""
        if self._clock() < self._controller.tiles_not_before:
            return {}
        try:
            return await self._session.call(self._client.lab_tiles)
        except CMLCallError as failure:
            if failure.code in NO_CONNECTION_CODES:
                raise
            self._controller.tiles_not_before = self._clock() + _TILES_RETRY_SECONDS
            return {}

    async def _lab(self, lab_id: LabId, *, tile: CMLLabDTO | None) -> CMLLab | None:
        async with self._slots:
            try:
                lab = tile or await self._session.call(partial(self._client.lab, lab_id=lab_id))
                nodes_running = lab.nodes_running
                if nodes_running is None:
                    nodes_running = await self._session.call(partial(self._client.lab_nodes_running, lab_id=lab_id))
            except CMLCallError as failure:
                if failure.status == _NOT_FOUND:
                    return None
                raise
        return _fact(lab_id, lab, nodes_running=nodes_running)


def _fact(lab_id: LabId, lab: CMLLabDTO, *, nodes_running: int | None) -> CMLLab:
    try:
        return lab.to_fact(lab_id=lab_id, nodes_running=nodes_running)
    except ValueError as error:
        raise CMLCallError(ErrorCode.BAD_RESPONSE, f"lab {lab_id}: {error}") from error
