"""Every operation the endpoint knows, by service and name."""

from collections.abc import Callable
from typing import Any

from cmlfleet.simulator.cloud import call_faults
from cmlfleet.simulator.cloud.answers import CLOUDWATCH, EC2
from cmlfleet.simulator.cloud.api_call import ApiCall
from cmlfleet.simulator.cloud.cloudwatch import CloudWatch
from cmlfleet.simulator.cloud.ec2_reads import Ec2Reads
from cmlfleet.simulator.cloud.ec2_writes import Ec2Writes
from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.cloud.region import CloudRegion
from cmlfleet.simulator.cloud.regions import OPT_IN_REGIONS
from cmlfleet.simulator.cloud.sts import Sts
from cmlfleet.simulator.cloud.throttle import RESOURCE_BUCKETS, UNPAGED_SUFFIX, Throttle
from cmlfleet.simulator.cloud.world import CloudWorld
from cmlfleet.simulator.faults import FaultBoard

_LISTS = {"DescribeInstances", "DescribeInstanceStatus"}


class Operations:
    def __init__(self, *, world: CloudWorld, faults: FaultBoard, throttle: Throttle) -> None:
        self._world = world
        reads = Ec2Reads(faults=faults, clock=world.clock)
        writes = Ec2Writes(faults=faults)
        metrics = CloudWatch(faults=faults, clock=world.clock, throttle=throttle)
        sts = Sts(store=world.credentials)
        self._ec2: dict[str, Callable[[ApiCall, CloudRegion], str | bytes]] = {
            "DescribeInstances": reads.describe_instances,
            "DescribeInstanceStatus": reads.describe_instance_status,
            "DescribeRegions": reads.describe_regions,
            "StartInstances": writes.start_instances,
            "StopInstances": writes.stop_instances,
            "TerminateInstances": writes.terminate_instances,
            "RebootInstances": writes.reboot_instances,
            "RunInstances": writes.run_instances,
            "CreateTags": writes.create_tags,
            "DeleteTags": writes.delete_tags,
            "MonitorInstances": writes.monitor_instances,
            "UnmonitorInstances": writes.unmonitor_instances,
        }
        self._cloudwatch: dict[str, Callable[[dict[str, Any], CloudRegion], dict[str, Any]]] = {
            "GetMetricData": metrics.get_metric_data,
            "ListMetrics": metrics.list_metrics,
            "PutMetricData": metrics.put_metric_data,
        }
        self._sts: dict[str, Callable[[ApiCall], str]] = {
            "GetCallerIdentity": sts.get_caller_identity,
            "AssumeRole": sts.assume_role,
        }

    def bucket_of(self, call: ApiCall) -> tuple[str, int]:
        """The request bucket of the call, and how many instances it costs in the resources' bucket."""
        parameters = call.parameters
        if call.operation in _LISTS:
            is_paged = parameters.text("MaxResults") or parameters.text("NextToken")
            is_filtered = parameters.text("Filter.1.Name")
            return call.operation if is_paged or is_filtered else call.operation + UNPAGED_SUFFIX, 0
        if call.operation not in RESOURCE_BUCKETS:
            return call.operation, 0
        if call.operation == "RunInstances":
            return call.operation, parameters.number("MaxCount", low=1, high=1000) or 1
        return call.operation, len(parameters.texts("InstanceId"))

    def ec2(self, call: ApiCall) -> str | bytes:
        operation = self._ec2.get(call.operation)
        if operation is None:
            raise _unknown(call)
        region = self._region(call)
        if call.parameters.flag("DryRun"):
            raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)
        return operation(call, region)

    def cloudwatch(self, call: ApiCall, body: dict[str, Any]) -> dict[str, Any]:
        operation = self._cloudwatch.get(call.operation)
        if operation is None:
            raise _unknown(call)
        return operation(body, self._region(call))

    def sts(self, call: ApiCall) -> str:
        operation = self._sts.get(call.operation)
        if operation is None:
            raise _unknown(call)
        return operation(call)

    def _region(self, call: ApiCall) -> CloudRegion:
        if call.region in OPT_IN_REGIONS:
            raise call_faults.not_opted_in(call.credentials)
        try:
            return self._world.region(account_id=call.account_id, name=call.region)
        except KeyError:
            raise call_faults.unknown_key(call.service) from None


def _unknown(call: ApiCall) -> AwsError:
    code = {EC2: "InvalidAction", CLOUDWATCH: "UnknownOperationException"}.get(call.service, "InvalidAction")
    return AwsError(code, f"The action {call.operation} is not valid for this web service.")
