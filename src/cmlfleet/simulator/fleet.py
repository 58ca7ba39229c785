"""The instances of a scenario and the CML controllers that run on them, coupled."""

import sys
from datetime import timedelta

from cmlfleet.simulator.cloud import past
from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.instance_types import instance_type
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.controller.call_counter import CallCounter
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.door import Door, SharedSocket
from cmlfleet.simulator.controller.listener import ControllerListener
from cmlfleet.simulator.faults import FaultBoard
from cmlfleet.simulator.plans import (
    CML_PASSWORD,
    CML_USERNAME,
    FaultPlan,
    PowerPlan,
    Scenario,
    WorkerPlan,
)

IMAGE_ID = "ami-0c31f1ee70000c301"
ROLE_TAG = "cmlfleet:role"
CONTROLLER_TAG = "cmlfleet:controller"
HOSTNAME_TAG = "cmlfleet:hostname"
FIRST_LAB = "first"
SHARED_FROM = 4000  # workers: from then on their controllers share one listening socket
_DISK_BYTES = 500 * (1 << 30)
_STOPPED_AFTER = 0.5  # of its time: when a worker that is stopped at the beginning was


class UnknownWorkerError(KeyError):
    """No worker of that name, instance id or address."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"there is no worker {self.name!r}"


class SimulatedWorker:
    """One instance with its controller, on a loopback address of its own; a cluster's compute has no API."""

    def __init__(
        self,
        *,
        plan: WorkerPlan,
        instance: CloudInstance,
        address: str,
        port: int,
        controller: CMLController | None,
        door: Door | None = None,
    ) -> None:
        self.plan = plan
        self.instance = instance
        self.address = address
        self.port = port
        self.controller = controller
        self.listener = None if controller is None else ControllerListener(controller, address, port, door=door)

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def url(self) -> str | None:
        return None if self.controller is None else f"https://{self.address}:{self.port}"


class SimulatedFleet:
    """`workers` by name, in the scenario's order."""

    def __init__(
        self,
        *,
        scenario: Scenario,
        world: CloudWorld,
        faults: FaultBoard,
        cml_port: int,
        cml_version: str,
        seed: int,
    ) -> None:
        self.workers: dict[str, SimulatedWorker] = {}
        self._world = world
        self._faults = faults
        self._cml_port = cml_port
        self._cml_version = cml_version
        self._seed = seed
        is_large = len(scenario.workers) >= SHARED_FROM and sys.platform == "linux"
        self._shared = SharedSocket(cml_port) if is_large else None
        self._set_faults(scenario)
        for number, plan in enumerate(scenario.workers, start=1):
            self._add(plan, address=loopback_address(number))

    async def open(self) -> None:
        """Let every controller listen. Raises OSError, with none of them open, when an address is taken."""
        opened: list[ControllerListener] = []
        try:
            for worker in self.workers.values():
                if worker.listener is not None:
                    await worker.listener.open()
                    opened.append(worker.listener)
        except OSError:
            for listener in opened:
                await listener.close()
            raise

    async def close(self) -> None:
        for worker in self.workers.values():
            if worker.listener is not None:
                await worker.listener.close()

    def worker(self, name: str) -> SimulatedWorker:
        """By name, instance id or address. Raises `UnknownWorkerError`."""
        found = self.workers.get(self._faults.worker_of(name))
        if found is None:
            raise UnknownWorkerError(name)
        return found

    def calls(self) -> CallCounter:
        """What all controllers together were asked."""
        total = CallCounter()
        for worker in self.workers.values():
            if worker.controller is not None:
                total.update(worker.controller.calls)
        return total

    def forget_calls(self) -> None:
        for worker in self.workers.values():
            if worker.controller is not None:
                worker.controller.calls.clear()

    def act_in_console(self, name: str, action: str) -> None:
        """`start`, `stop`, `terminate` or `reboot` the instance. Raises `AwsError`, `UnknownWorkerError`,
        ValueError for another action."""
        instance = self.worker(name).instance
        region = self._world.region(account_id=instance.account_id, name=instance.region)
        match action:
            case "start":
                region.start([instance.instance_id])
            case "stop":
                region.stop([instance.instance_id])
            case "terminate":
                region.terminate([instance.instance_id])
            case "reboot":
                region.reboot([instance.instance_id])
            case _:
                raise ValueError(f"an instance can start, stop, terminate and reboot, not {action!r}")

    def act_on_lab(self, name: str, lab_id: str, action: str) -> None:
        """`start` or `stop` a lab (`first`: the worker's first). Raises `UnknownWorkerError`, `ApiError`,
        ValueError for another action or a worker without labs."""
        controller = self.worker(name).controller
        if controller is None or not len(controller.labs):
            raise ValueError(f"{name} has no labs")
        if lab_id == FIRST_LAB:
            lab_id = next(iter(controller.labs)).id
        match action:
            case "start":
                controller.start_lab(lab_id)
            case "stop":
                controller.stop_lab(lab_id)
            case _:
                raise ValueError(f"a lab can start and stop, not {action!r}")

    def _add(self, plan: WorkerPlan, *, address: str) -> None:
        instance = self._launch(plan, address=address)
        controller = None if plan.controller_name is not None else self._controller(plan)
        worker = SimulatedWorker(
            plan=plan,
            instance=instance,
            address=address,
            port=self._cml_port,
            controller=controller,
            door=None if self._shared is None else self._shared.door(address),
        )
        self.workers[plan.name] = worker
        self._faults.name_worker(plan.name, aliases=[instance.instance_id, address])
        if controller is None:
            return
        instance.load = controller
        instance.power_listener = lambda on: controller.power_on() if on else controller.power_off()
        if plan.power is not PowerPlan.STOPPED:
            controller.power_on(already_up=plan.power is PowerPlan.READY)
        _fill(controller, plan)

    def _launch(self, plan: WorkerPlan, *, address: str) -> CloudInstance:
        region = self._world.region(account_id=plan.account_id, name=plan.region)
        instance = region.launch(
            type_name=plan.type_name,
            image_id=IMAGE_ID,
            tags=self._tags(plan, address=address),
            zone=plan.zone,
            elastic=plan.elastic,
            detailed_monitoring=plan.detailed_monitoring,
            nested_virtualization=instance_type(plan.type_name).can_nest_virtualization,
            has_public_ip=plan.controller_name is None,
        )
        instance.has_cloudwatch_agent = plan.has_cloudwatch_agent
        now = self._world.clock.now()
        began_at = now - timedelta(seconds=plan.up_seconds)
        if plan.power is PowerPlan.STOPPED:
            stopped_at = now - timedelta(seconds=plan.up_seconds * _STOPPED_AFTER)
            past.was_stopped(instance, began_at=began_at, stopped_at=stopped_at)
        else:
            past.has_run_since(instance, began_at)
        return instance

    def _tags(self, plan: WorkerPlan, *, address: str) -> dict[str, str]:
        tags = {"Name": plan.name, "cmlfleet:managed": "true", **plan.tags}
        if plan.controller_name is None:
            tags["cmlfleet:endpoint"] = f"https://{address}:{self._cml_port}"
        else:
            tags[ROLE_TAG] = "compute"
            controlling = self.worker(plan.controller_name)
            tags[CONTROLLER_TAG] = controlling.instance.instance_id
            if controlling.controller is not None:
                tags[HOSTNAME_TAG] = controlling.controller.hosts[-1].hostname
        return tags

    def _controller(self, plan: WorkerPlan) -> CMLController:
        kind = instance_type(plan.type_name)
        return CMLController(
            name=plan.name,
            clock=self._world.clock,
            faults=self._faults,
            seed=self._seed,
            version=plan.cml_version or self._cml_version,
            username=CML_USERNAME,
            password=CML_PASSWORD,
            cpu_count=kind.vcpus,
            memory_bytes=kind.memory_bytes,
            disk_bytes=_DISK_BYTES,
            boot=plan.boot,
            computes=plan.computes,
        )

    def _set_faults(self, scenario: Scenario) -> None:
        """Before the controllers are made: each takes its own with it."""
        for fault in scenario.faults:
            self._set_fault(fault)
        for plan in scenario.workers:
            for fault in plan.faults:
                self._set_fault(fault, worker=plan.name)

    def _set_fault(self, fault: FaultPlan, *, worker: str = "*") -> None:
        self._faults.set(
            fault.name,
            worker=worker,
            account=fault.account,
            region=fault.region,
            operation=fault.operation,
            parameters=fault.parameters,
        )


def _fill(controller: CMLController, plan: WorkerPlan) -> None:
    for owner in sorted({lab.owner for lab in plan.labs} - {user.username for user in controller.users}):
        controller.users.add(username=owner)
    for lab in plan.labs:
        controller.add_lab(lab.title, lab.owner, lab.node_count, started=lab.started, hours_ago=lab.hours_ago)
    if plan.node_quota is not None:
        controller.set_node_quota(plan.node_quota)


def loopback_address(number: int) -> str:
    """127.1.0.1 for the first: an address each, so that all can listen on one port."""
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
