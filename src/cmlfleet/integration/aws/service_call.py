"""One call as it goes over the wire, before it is signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlencode

import orjson

_EC2_VERSION = "2016-11-15"
_UNHIDDEN = {"IncludeManagedResources": "true"}  # instances that a service of AWS manages may be hidden otherwise
_CLOUDWATCH_TARGET = "GraniteServiceVersion20100801"
_BY_ID_SUFFIX = " by id"

EC2Operation = Literal["DescribeInstances", "DescribeInstanceStatus"]
CloudWatchOperation = Literal["GetMetricData", "ListMetrics"]
"""Every call that can be made here is of these types; docs/iam-policy.json grants them, and a test compares."""


class AwsService(StrEnum):
    """The services read here, by botocore's names."""

    EC2 = "ec2"
    CLOUDWATCH = "cloudwatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """`budget` names the bucket that AWS charges: an unpaged call by ids has a smaller one than a list.
    A list can name a purged instance that nobody asked for, so `retries_not_found`."""

    service: AwsService
    operation: str
    body: bytes
    headers: Mapping[str, str]
    budget: str
    retries_not_found: bool = False

    @property
    def permission(self) -> str:
        """What IAM must allow for it."""
        return f"{self.service}:{self.operation}"


def ec2_list(
    operation: EC2Operation, parameters: Mapping[str, str], *, filters: Mapping[str, Sequence[str]]
) -> ServiceCall:
    """A paged list in EC2's query protocol; every filter must match, by any of its values."""
    fields = dict(parameters)
    for number, (name, values) in enumerate(filters.items(), start=1):
        fields[f"Filter.{number}.Name"] = name
        fields.update({f"Filter.{number}.Value.{index}": value for index, value in enumerate(values, start=1)})
    return _ec2(operation, fields, budget=operation, retries_not_found=True)


def ec2_by_ids(operation: EC2Operation, instance_ids: Sequence[str], parameters: Mapping[str, str]) -> ServiceCall:
    """A call that names its instances: one id that is unknown makes it fail as a whole."""
    ids = {f"InstanceId.{index}": instance_id for index, instance_id in enumerate(instance_ids, start=1)}
    return _ec2(operation, {**parameters, **ids}, budget=operation + _BY_ID_SUFFIX, retries_not_found=False)


def cloudwatch(operation: CloudWatchOperation, payload: Mapping[str, Any]) -> ServiceCall:
    """A call in AWS's JSON protocol, which botocore speaks with CloudWatch too."""
    return ServiceCall(
        service=AwsService.CLOUDWATCH,
        operation=operation,
        body=orjson.dumps(payload),
        headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{_CLOUDWATCH_TARGET}.{operation}",
        },
        budget=operation,
    )


def _ec2(operation: EC2Operation, fields: Mapping[str, str], *, budget: str, retries_not_found: bool) -> ServiceCall:
    return ServiceCall(
        service=AwsService.EC2,
        operation=operation,
        body=urlencode({"Action": operation, "Version": _EC2_VERSION, **_UNHIDDEN, **fields}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        budget=budget,
        retries_not_found=retries_not_found,
    )
