"""Instances that have a past when the simulation begins."""

from datetime import datetime

from cmlfleet.simulator.cloud.instance import (
    USER_SHUTDOWN,
    CheckStatus,
    CloudInstance,
    InstanceState,
    RunPeriod,
    user_initiated,
)


def has_run_since(instance: CloudInstance, began_at: datetime) -> None:
    """Overtakes the launch: it is running, its checks have passed, its metrics reach back."""
    instance.launched_at = instance.first_launched_at = began_at
    instance.checks = CheckStatus.OK
    instance.run_periods = [RunPeriod(began_at=began_at)]
    instance.enter(InstanceState.RUNNING)


def was_stopped(instance: CloudInstance, *, began_at: datetime, stopped_at: datetime) -> None:
    """It ran for a while and somebody stopped it."""
    instance.launched_at = instance.first_launched_at = began_at
    instance.public_ip = instance.elastic_ip
    instance.state_reason = USER_SHUTDOWN
    instance.transition_reason = user_initiated(stopped_at)
    instance.checks = CheckStatus.NOT_APPLICABLE
    instance.run_periods = [RunPeriod(began_at=began_at, ended_at=stopped_at)]
    instance.enter(InstanceState.STOPPED)
