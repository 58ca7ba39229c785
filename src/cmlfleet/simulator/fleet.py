"""The instances of a scenario and the controllers that run on them."""

from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.faults import FaultBoard
from cmlfleet.simulator.plans import Scenario, WorkerPlan

_IMAGE_ID = "ami-0c31f1ee70000c301"
_NESTING_FAMILIES = ("m8i", "c8i", "r8i")


class SimulatedWorker:
    """One instance with its controller, on a loopback address of its own."""

    def __init__(self, *, plan: WorkerPlan, instance: CloudInstance, address: str) -> None:
        self.plan = plan
        self.instance = instance
        self.address = address

    @property
    def name(self) -> str:
        return self.plan.name


class SimulatedFleet:
    def __init__(self, *, scenario: Scenario, world: CloudWorld, faults: FaultBoard, cml_port: int) -> None:
        self.workers: dict[str, SimulatedWorker] = {}
        self._world = world
        self._faults = faults
        self._cml_port = cml_port
        for number, plan in enumerate(scenario.workers, start=1):
            self._add(plan, address=loopback_address(number))
        for fault in scenario.faults:
            faults.set(fault.name, region=fault.region, operation=fault.operation, parameters=fault.parameters)

    def _add(self, plan: WorkerPlan, *, address: str) -> None:
        tags = {"Name": plan.name, "cmlfleet:managed": "true", "team": plan.team, **plan.tags}
        if plan.has_api:
            tags["cmlfleet:endpoint"] = f"https://{address}:{self._cml_port}"
        region = self._world.region(account_id=plan.account_id, name=plan.region)
        instance = region.launch(
            type_name=plan.type_name,
            image_id=_IMAGE_ID,
            tags=tags,
            zone=plan.zone,
            elastic=plan.elastic,
            detailed_monitoring=plan.detailed_monitoring,
            nested_virtualization=plan.type_name.startswith(_NESTING_FAMILIES),
            running_for_seconds=plan.up_seconds or 0.0,
        )
        instance.has_cloudwatch_agent = plan.has_cloudwatch_agent
        worker = SimulatedWorker(plan=plan, instance=instance, address=address)
        self.workers[plan.name] = worker
        self._faults.name_worker(plan.name, aliases=[instance.instance_id])
        for fault in plan.faults:
            self._faults.set(fault.name, worker=plan.name, parameters=fault.parameters)


def loopback_address(number: int) -> str:
    """127.1.0.1 for the first: an address each, so that all can listen on one port."""
    return f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
