"""The EC2 calls that change something."""

from collections.abc import Sequence

from cmlfleet.simulator.cloud import instance_xml
from cmlfleet.simulator.cloud.api_call import ApiCall
from cmlfleet.simulator.cloud.errors import AwsError, missing_parameter
from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.region import CloudRegion, StateChange
from cmlfleet.simulator.faults import FaultBoard, FaultName

WRITE_IDS_LIMIT = 1000
TAGS_PER_INSTANCE = 50
LARGEST_LAUNCH = 1000


class Ec2Writes:
    def __init__(self, *, faults: FaultBoard) -> None:
        self._faults = faults
        self._launches: dict[tuple[str, str, str], tuple[str, list[CloudInstance]]] = {}

    def start_instances(self, call: ApiCall, region: CloudRegion) -> str:
        """Fails for want of capacity as EC2 does: the whole call, with a server's error."""
        instance_ids = _instance_ids(call)
        for instance in region.named(instance_ids):
            fault = self._faults.active(
                FaultName.INSUFFICIENT_CAPACITY,
                worker=self._faults.worker_of(instance.instance_id),
                account=call.account_id,
                region=call.region,
            )
            if fault is not None:
                raise AwsError(
                    "InsufficientInstanceCapacity",
                    f"We currently do not have sufficient {instance.instance_type.name} capacity in the "
                    f"Availability Zone you requested ({instance.availability_zone}). Our system will be "
                    "working on provisioning additional capacity.",
                    status=500,
                )
        return _changes_xml(region.start(instance_ids))

    def stop_instances(self, call: ApiCall, region: CloudRegion) -> str:
        if call.parameters.flag("Hibernate"):
            raise AwsError("UnsupportedHibernationConfiguration", "The instance is not configured for hibernation")
        return _changes_xml(region.stop(_instance_ids(call)))

    def terminate_instances(self, call: ApiCall, region: CloudRegion) -> str:
        return _changes_xml(region.terminate(_instance_ids(call)))

    def reboot_instances(self, call: ApiCall, region: CloudRegion) -> str:
        region.reboot(_instance_ids(call))
        return "<return>true</return>"

    def monitor_instances(self, call: ApiCall, region: CloudRegion) -> str:
        return self._set_monitoring(call, region, detailed=True)

    def unmonitor_instances(self, call: ApiCall, region: CloudRegion) -> str:
        return self._set_monitoring(call, region, detailed=False)

    def create_tags(self, call: ApiCall, region: CloudRegion) -> str:
        tags = call.parameters.tags("Tag")
        if not tags:
            raise missing_parameter("tagSet")
        instances = region.named(call.parameters.texts("ResourceId"))
        if any(len(instance.tags.keys() | tags.keys()) > TAGS_PER_INSTANCE for instance in instances):
            raise AwsError("TagLimitExceeded", f"More than {TAGS_PER_INSTANCE} tags on a resource")
        for instance in instances:
            instance.tags.update(tags)
            instance.touch()
        return "<return>true</return>"

    def delete_tags(self, call: ApiCall, region: CloudRegion) -> str:
        """A tag named with a value goes only when it has that value; without tags, all of them go."""
        values = call.parameters.tags("Tag")
        for instance in region.named(call.parameters.texts("ResourceId")):
            for key in values or list(instance.tags):
                if not values.get(key) or instance.tags.get(key) == values[key]:
                    instance.tags.pop(key, None)
            instance.touch()
        return "<return>true</return>"

    def run_instances(self, call: ApiCall, region: CloudRegion) -> str:
        """The same client token launches once."""
        parameters = call.parameters
        client_token = parameters.text("ClientToken") or call.request_id
        key = (region.account_id, region.name, client_token)
        if key not in self._launches:
            low = parameters.number("MinCount", low=1, high=LARGEST_LAUNCH)
            high = parameters.number("MaxCount", low=low or 1, high=LARGEST_LAUNCH)
            if low is None or high is None:
                raise missing_parameter("MinCount" if low is None else "MaxCount")
            reservation_id = region.ids.reservation_id()
            launched = [self._launch(call, region, reservation_id=reservation_id) for _ in range(high)]
            self._launches[key] = (reservation_id, launched)
        reservation_id, launched = self._launches[key]
        items = b"".join(map(instance_xml.described, launched)).decode()
        return (
            f"<reservationId>{reservation_id}</reservationId><ownerId>{region.account_id}</ownerId><groupSet/>"
            f"<instancesSet>{items}</instancesSet>"
        )

    def _launch(self, call: ApiCall, region: CloudRegion, *, reservation_id: str) -> CloudInstance:
        parameters = call.parameters
        tags = (
            parameters.tags("TagSpecification.1.Tag")
            if parameters.text("TagSpecification.1.ResourceType") == "instance"
            else {}
        )
        zone = parameters.text("Placement.AvailabilityZone") or f"{region.name}a"
        return region.launch(
            type_name=parameters.text("InstanceType") or "m8i.2xlarge",
            image_id=parameters.required("ImageId"),
            tags=tags,
            zone=zone.removeprefix(region.name),
            reservation_id=reservation_id,
            detailed_monitoring=parameters.flag("Monitoring.Enabled"),
            nested_virtualization=parameters.text("CpuOptions.NestedVirtualization") == "enabled",
        )

    def _set_monitoring(self, call: ApiCall, region: CloudRegion, *, detailed: bool) -> str:
        instances = region.named(_instance_ids(call))
        for instance in instances:
            instance.detailed_monitoring = detailed
            instance.touch()
        word = "pending" if detailed else "disabling"
        items = "".join(
            f"<item><instanceId>{instance.instance_id}</instanceId>"
            f"<monitoring><state>{word}</state></monitoring></item>"
            for instance in instances
        )
        return f"<instancesSet>{items}</instancesSet>"


def _instance_ids(call: ApiCall) -> list[str]:
    instance_ids = call.parameters.texts("InstanceId")
    if not instance_ids:
        raise missing_parameter("InstanceId")
    if len(instance_ids) > WRITE_IDS_LIMIT:
        raise AwsError("InvalidParameterValue", f"At most {WRITE_IDS_LIMIT} instance ids are allowed in a call")
    return instance_ids


def _changes_xml(changes: Sequence[StateChange]) -> str:
    items = "".join(
        f"<item><instanceId>{change.instance_id}</instanceId>"
        f"<currentState>{instance_xml.state_xml(change.current)}</currentState>"
        f"<previousState>{instance_xml.state_xml(change.previous)}</previousState></item>"
        for change in changes
    )
    return f"<instancesSet>{items}</instancesSet>"
