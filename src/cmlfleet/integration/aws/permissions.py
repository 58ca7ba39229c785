"""The IAM permissions that are used, and whether an account grants them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cmlfleet.domain.identifiers import AccountId, InstanceId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError
from cmlfleet.integration.aws.metric_series import (
    AGENT_NAMESPACE,
    MEMORY_METRIC,
    MetricTarget,
    asked_span,
    cpu_series,
)
from cmlfleet.integration.aws.reader import AwsReader
from cmlfleet.integration.aws.scope import AwsScope
from cmlfleet.integration.aws.service_call import EC2Operation, ServiceCall, cloudwatch, ec2_list

_NO_INSTANCE = InstanceId("i-00000000000000000")  # has no series: the question is whether it may be asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An action of IAM, and what is lost without it."""

    action: str
    purpose: str
    is_required: bool


PERMISSIONS = (
    Permission(action="ec2:DescribeInstances", purpose="state, addresses and tags of workers", is_required=True),
    Permission(action="ec2:DescribeInstanceStatus", purpose="EC2's checks and scheduled events", is_required=False),
    Permission(action="cloudwatch:GetMetricData", purpose="CPU and memory from CloudWatch", is_required=False),
    Permission(action="cloudwatch:ListMetrics", purpose="which workers run the CloudWatch agent", is_required=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionCheck:
    """What came of trying one action. `error_code` is None when it is granted, `is_denied` where a policy lacks."""

    account_id: AccountId
    region: Region
    permission: Permission
    error_code: ErrorCode | None = None
    detail: str | None = None
    is_denied: bool = False


async def check_permissions(reader: AwsReader, scope: AwsScope) -> list[PermissionCheck]:
    """Try each action once, in the order of `PERMISSIONS`."""
    target = MetricTarget(_NO_INSTANCE, detailed_monitoring=False)
    start, end = asked_span(datetime.now(UTC))
    metric_data = {
        "MetricDataQueries": [cpu_series(target).query("q0")],
        "StartTime": start,
        "EndTime": end,
    }
    metric_list = {"Namespace": AGENT_NAMESPACE, "MetricName": MEMORY_METRIC, "RecentlyActive": "PT3H"}
    tries: dict[str, Callable[[], Awaitable[object]]] = {
        "ec2:DescribeInstances": lambda: reader.ec2(scope, _smallest_page("DescribeInstances")),
        "ec2:DescribeInstanceStatus": lambda: reader.ec2(scope, _smallest_page("DescribeInstanceStatus")),
        "cloudwatch:GetMetricData": lambda: reader.json(scope, cloudwatch("GetMetricData", metric_data)),
        "cloudwatch:ListMetrics": lambda: reader.json(scope, cloudwatch("ListMetrics", metric_list)),
    }
    return list(
        await asyncio.gather(*(_check(scope, permission, tries[permission.action]) for permission in PERMISSIONS))
    )


async def _check(
    scope: AwsScope, permission: Permission, attempt: Callable[[], Awaitable[object]]
) -> PermissionCheck:
    error_code = detail = None
    is_denied = False
    try:
        await attempt()
    except AwsCallError as failure:
        error_code, detail, is_denied = failure.code, failure.detail, failure.says_not_allowed
    return PermissionCheck(
        account_id=scope.account_id,
        region=scope.region,
        permission=permission,
        error_code=error_code,
        detail=detail,
        is_denied=is_denied,
    )


def _smallest_page(operation: EC2Operation) -> ServiceCall:
    return ec2_list(operation, {"MaxResults": "5"}, filters={})
