"""Short forms for what these tests ask boto3."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


def instances_of(answer: Any) -> list[Any]:
    return [instance for each in answer["Reservations"] for instance in each["Instances"]]


def ids_of(answer: Any) -> list[str]:
    return [instance["InstanceId"] for instance in instances_of(answer)]


def first_instance(ec2: Any) -> Any:
    return instances_of(ec2.describe_instances(MaxResults=5))[0]


def described(ec2: Any, instance_id: str) -> Any:
    return instances_of(ec2.describe_instances(InstanceIds=[instance_id]))[0]


def refusal(call: Callable[..., Any], **arguments: Any) -> ClientError:
    """The error of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value


def code_of(error: ClientError) -> str:
    return _response(error)["Error"]["Code"]


def message_of(error: ClientError) -> str:
    return _response(error)["Error"]["Message"]


def status_of(error: ClientError) -> int:
    return _response(error)["ResponseMetadata"]["HTTPStatusCode"]


def _response(error: ClientError) -> Any:
    return error.response


def metric_query(
    instance_id: str,
    *,
    query_id: str = "q0",
    namespace: str = "AWS/EC2",
    name: str = "CPUUtilization",
    period: int = 300,
    stat: str = "Average",
    dimensions: dict[str, str] | None = None,
) -> Any:
    listed = [{"Name": key, "Value": value} for key, value in (dimensions or {"InstanceId": instance_id}).items()]
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": listed},
            "Period": period,
            "Stat": stat,
        },
    }


def metric_window(*, minutes: float = 15, now: datetime | None = None) -> dict[str, datetime]:
    now = now or datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=minutes), "EndTime": now}
