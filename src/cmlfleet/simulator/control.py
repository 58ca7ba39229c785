"""The simulator's own API, beside the AWS calls: what a person would do in a console or with a cable."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, cast

import orjson
from aiohttp import web

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.call_ledger import CallLedger
from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.controller.exchange import ApiError
from cmlfleet.simulator.faults import CATALOGUE, EVERYTHING, Fault, FaultBoard
from cmlfleet.simulator.fleet import SimulatedFleet, SimulatedWorker, UnknownWorkerError

PREFIX = "/_simulator"
_MISTAKES = (ValueError, KeyError, AwsError, ApiError)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlApi:
    """JSON in and out; a mistake is a 400 (404 for an unknown worker) with `error`."""

    def __init__(
        self,
        *,
        world: CloudWorld,
        fleet: SimulatedFleet,
        faults: FaultBoard,
        ledger: CallLedger,
        clock: SimulationClock,
    ) -> None:
        self._world = world
        self._fleet = fleet
        self._faults = faults
        self._ledger = ledger
        self._clock = clock

    def add_to(self, app: web.Application) -> None:
        app.router.add_get(f"{PREFIX}/calls", self.calls)
        app.router.add_delete(f"{PREFIX}/calls", self.forget_calls)
        app.router.add_get(f"{PREFIX}/faults", self.list_faults)
        app.router.add_post(f"{PREFIX}/faults", _explained(self.set_fault))
        app.router.add_delete(f"{PREFIX}/faults", _explained(self.clear_faults))
        app.router.add_get(f"{PREFIX}/workers", self.list_workers)
        app.router.add_post(f"{PREFIX}/workers/{{worker}}/{{action}}", _explained(self.act))
        app.router.add_post(f"{PREFIX}/workers/{{worker}}/labs/{{lab}}/{{action}}", _explained(self.act_on_lab))
        app.router.add_post(f"{PREFIX}/clock/advance", _explained(self.advance))

    async def calls(self, _: web.Request) -> web.Response:
        counts = [{**asdict(key), "count": count} for key, count in self._ledger.counts().items()]
        controllers = [
            {"method": method, "route": route, "status": status, "count": count}
            for (method, route, status), count in self._fleet.calls().items()
        ]
        return _json({"calls": counts, "controllers": controllers})

    async def forget_calls(self, request: web.Request) -> web.Response:
        self._ledger.reset()
        self._fleet.forget_calls()
        return await self.calls(request)

    async def list_faults(self, _: web.Request) -> web.Response:
        catalogue = [
            {"name": name, "scope": kind.scope, "description": kind.description, "parameters": kind.parameters}
            for name, kind in CATALOGUE.items()
        ]
        return _json({"faults": [_fault_json(fault) for fault in self._faults.list()], "catalogue": catalogue})

    async def set_fault(self, request: web.Request) -> web.Response:
        wanted = cast("Mapping[str, Any]", orjson.loads(await request.read()))
        worker = wanted.get("worker") or EVERYTHING
        if worker != EVERYTHING:
            worker = self._fleet.worker(worker).name
        fault = self._faults.set(
            str(wanted["name"]),
            worker=worker,
            account=wanted.get("account") or EVERYTHING,
            region=wanted.get("region") or EVERYTHING,
            operation=wanted.get("operation") or EVERYTHING,
            rate=float(wanted.get("rate") or 1.0),
            times=wanted.get("times"),
            parameters=wanted.get("parameters"),
        )
        return _json({"faults": [_fault_json(fault)]})

    async def clear_faults(self, request: web.Request) -> web.Response:
        worker = request.query.get("worker")
        if worker not in (None, EVERYTHING):
            worker = self._fleet.worker(worker).name
        gone = self._faults.clear(request.query.get("name"), worker=worker)
        return _json({"faults": [_fault_json(fault) for fault in gone]})

    async def list_workers(self, _: web.Request) -> web.Response:
        self._world.timeline.settle()
        return _json({"workers": [_worker_json(worker) for worker in self._fleet.workers.values()]})

    async def act(self, request: web.Request) -> web.Response:
        worker = self._fleet.worker(request.match_info["worker"])
        self._fleet.act_in_console(worker.name, request.match_info["action"])
        return _json({"workers": [_worker_json(worker)]})

    async def act_on_lab(self, request: web.Request) -> web.Response:
        worker = self._fleet.worker(request.match_info["worker"])
        self._fleet.act_on_lab(worker.name, request.match_info["lab"], request.match_info["action"])
        return _json({"workers": [_worker_json(worker)]})

    async def advance(self, request: web.Request) -> web.Response:
        self._clock.advance(float(orjson.loads(await request.read())["seconds"]))
        self._world.timeline.settle()
        return _json({"now": self._clock.now()})


def _explained(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except _MISTAKES as mistake:
            status = 404 if isinstance(mistake, UnknownWorkerError) else 400
            return _json({"error": str(mistake)}, status=status)

    return handle


def _fault_json(fault: Fault) -> dict[str, Any]:
    return asdict(fault)


def _worker_json(worker: SimulatedWorker) -> dict[str, Any]:
    instance = worker.instance
    controller = worker.controller
    return {
        "name": worker.name,
        "instance_id": instance.instance_id,
        "account_id": instance.account_id,
        "region": instance.region,
        "instance_type": instance.instance_type.name,
        "state": instance.state,
        "url": worker.url,
        "phase": None if controller is None else controller.phase(),
        "labs": [] if controller is None else [{"id": lab.id, "title": lab.title} for lab in controller.labs],
        "story": worker.plan.story,
    }


def _json(content: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
