"""EC2 in one account and region: its instances, and what changes them."""

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.errors import AwsError, incorrect_state, instances_not_found, malformed_instance_id
from cmlfleet.simulator.cloud.instance import (
    USER_SHUTDOWN,
    CheckStatus,
    CloudInstance,
    InstanceState,
    RunPeriod,
    user_initiated,
)
from cmlfleet.simulator.cloud.instance_ids import IdMaker, PublicAddressPool, is_instance_id
from cmlfleet.simulator.cloud.instance_types import instance_type
from cmlfleet.simulator.cloud.transition_times import TransitionTimes
from cmlfleet.simulator.timeline import Timeline

_FIRST_PRIVATE_ADDRESS = 4  # AWS keeps the first four addresses of a subnet
_RUN_PERIODS_KEPT = 20


@dataclass(frozen=True, kw_only=True)
class StateChange:
    instance_id: str
    previous: InstanceState
    current: InstanceState


class CloudRegion:
    """`known_elsewhere` tells whether an id belongs to another account of the same region."""

    def __init__(
        self,
        *,
        account_id: str,
        name: str,
        number: int,
        seed: int,
        clock: SimulationClock,
        timeline: Timeline,
        addresses: PublicAddressPool,
        times: TransitionTimes,
        known_elsewhere: Callable[[str], bool],
    ) -> None:
        self.account_id = account_id
        self.name = name
        self.instances: dict[str, CloudInstance] = {}
        self.ids = IdMaker(seed=seed, namespace=f"{account_id}:{name}")
        self._number = number
        self._clock = clock
        self._timeline = timeline
        self._addresses = addresses
        self._times = times
        self._known_elsewhere = known_elsewhere
        self._ordered: list[CloudInstance] = []
        self._launched = 0

    def launch(
        self,
        *,
        type_name: str,
        image_id: str,
        tags: Mapping[str, str],
        zone: str = "a",
        reservation_id: str | None = None,
        elastic: bool = False,
        detailed_monitoring: bool = False,
        nested_virtualization: bool = False,
        has_public_ip: bool = True,
    ) -> CloudInstance:
        """A new instance, pending."""
        now = self._clock.now()
        self._launched += 1
        index = self._launched + _FIRST_PRIVATE_ADDRESS
        instance = CloudInstance(
            instance_id=self.ids.instance_id(),
            sequence=self._launched,
            reservation_id=reservation_id or self.ids.reservation_id(),
            account_id=self.account_id,
            region=self.name,
            availability_zone=f"{self.name}{zone}",
            instance_type=instance_type(type_name),
            image_id=image_id,
            private_ip=f"10.{self._number}.{index >> 8 & 255}.{index & 255}",
            mac_address=self.ids.mac_address(),
            state=InstanceState.PENDING,
            launched_at=now,
            first_launched_at=now,
            tags=dict(tags),
            detailed_monitoring=detailed_monitoring,
            nested_virtualization=nested_virtualization,
            has_public_ip=has_public_ip,
        )
        if elastic:
            instance.elastic_ip = self._addresses.take()
        self.instances[instance.instance_id] = instance
        self._ordered.append(instance)
        self._begin_pending(instance)
        return instance

    def page(self, *, after_sequence: int) -> Sequence[CloudInstance]:
        """The instances from behind that one on, oldest first."""
        if after_sequence == 0:
            return self._ordered
        start = bisect.bisect_right(self._ordered, after_sequence, key=lambda instance: instance.sequence)
        return self._ordered[start:]

    def named(self, instance_ids: Sequence[str], *, skip_foreign: bool = False) -> list[CloudInstance]:
        """The instances of these ids. One id that is malformed or unknown makes the whole call fail; one of
        another account is left out when reading (`skip_foreign`), unknown when writing."""
        for instance_id in instance_ids:
            if not is_instance_id(instance_id):
                raise malformed_instance_id(instance_id)
        unknown = [
            instance_id
            for instance_id in instance_ids
            if instance_id not in self.instances and not (skip_foreign and self._known_elsewhere(instance_id))
        ]
        if unknown:
            raise instances_not_found(unknown)
        return [self.instances[instance_id] for instance_id in instance_ids if instance_id in self.instances]

    def start(self, instance_ids: Sequence[str]) -> list[StateChange]:
        """Stopped ones begin to start; running ones stay; raises `AwsError` and starts none otherwise."""
        instances = self.named(instance_ids)
        startable = {InstanceState.STOPPED, InstanceState.PENDING, InstanceState.RUNNING}
        for instance in instances:
            if instance.state not in startable:
                raise incorrect_state(instance.instance_id, verb="started")
        return [self._change(instance, self._begin_pending, when={InstanceState.STOPPED}) for instance in instances]

    def stop(self, instance_ids: Sequence[str]) -> list[StateChange]:
        """Running ones begin to stop; those that stop or have stopped stay."""
        instances = self.named(instance_ids)
        stoppable = {InstanceState.RUNNING, InstanceState.STOPPING, InstanceState.STOPPED}
        for instance in instances:
            if instance.state not in stoppable:
                raise incorrect_state(instance.instance_id, verb="stopped")
        return [self._change(instance, self._begin_stopping, when={InstanceState.RUNNING}) for instance in instances]

    def terminate(self, instance_ids: Sequence[str]) -> list[StateChange]:
        """All of them, but for the zones that hold a protected one: those stay, and the call fails after the
        others began to go."""
        instances = self.named(instance_ids)
        protected = [instance for instance in instances if instance.termination_protected]
        spared_zones = {instance.availability_zone for instance in protected}
        ended = {InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED}
        changes = [
            self._change(instance, self._begin_shutting_down, when=set(InstanceState) - ended)
            for instance in instances
            if instance.availability_zone not in spared_zones
        ]
        if protected:
            raise AwsError(
                "OperationNotPermitted",
                f"The instance '{protected[0].instance_id}' may not be terminated. Modify its "
                "'disableApiTermination' instance attribute and try again.",
            )
        return changes

    def reboot(self, instance_ids: Sequence[str]) -> None:
        """The operating system goes down and up again: state, addresses and LaunchTime stay."""
        instances = self.named(instance_ids)
        for instance in instances:
            if instance.state is not InstanceState.RUNNING:
                raise incorrect_state(instance.instance_id, verb="rebooted")
        for instance in instances:
            instance.power(on=False)
            instance.power(on=True)

    def forget(self, instance: CloudInstance) -> None:
        """EC2 no longer knows it."""
        if self.instances.pop(instance.instance_id, None) is not None:
            self._ordered.remove(instance)

    def _change(
        self,
        instance: CloudInstance,
        begin: Callable[[CloudInstance], None],
        *,
        when: set[InstanceState],
    ) -> StateChange:
        previous = instance.state
        if previous in when:
            begin(instance)
        return StateChange(instance_id=instance.instance_id, previous=previous, current=instance.state)

    def _begin_pending(self, instance: CloudInstance) -> None:
        instance.launched_at = self._clock.now()
        instance.state_reason = None
        instance.transition_reason = ""
        if instance.has_public_ip:
            instance.public_ip = instance.elastic_ip or self._addresses.take()
        self._later(instance, InstanceState.PENDING, self._times.pending_seconds, self._run)

    def _run(self, instance: CloudInstance) -> None:
        transition = instance.enter(InstanceState.RUNNING)
        instance.checks = CheckStatus.INITIALIZING
        instance.run_periods.append(RunPeriod(began_at=self._clock.now()))
        del instance.run_periods[:-_RUN_PERIODS_KEPT]
        instance.power(on=True)

        def pass_checks() -> None:
            if instance.transition == transition:
                instance.checks = CheckStatus.OK
                instance.touch()

        self._timeline.after(self._times.checks_seconds, pass_checks)

    def _begin_stopping(self, instance: CloudInstance) -> None:
        self._end_running(instance)
        self._later(instance, InstanceState.STOPPING, self._times.stopping_seconds, self._stopped)

    def _stopped(self, instance: CloudInstance) -> None:
        instance.public_ip = instance.elastic_ip
        instance.enter(InstanceState.STOPPED)

    def _begin_shutting_down(self, instance: CloudInstance) -> None:
        if instance.state in {InstanceState.RUNNING, InstanceState.PENDING}:
            self._end_running(instance)
        instance.state_reason = USER_SHUTDOWN
        self._later(instance, InstanceState.SHUTTING_DOWN, self._times.shutting_down_seconds, self._terminated)

    def _terminated(self, instance: CloudInstance) -> None:
        instance.public_ip = instance.elastic_ip = None
        instance.enter(InstanceState.TERMINATED)
        self._timeline.after(self._times.terminated_visible_seconds, lambda: self.forget(instance))

    def _end_running(self, instance: CloudInstance) -> None:
        now = self._clock.now()
        instance.state_reason = USER_SHUTDOWN
        instance.transition_reason = user_initiated(now)
        instance.checks = CheckStatus.NOT_APPLICABLE
        if instance.run_periods and instance.run_periods[-1].ended_at is None:
            instance.run_periods[-1].ended_at = now
        instance.power(on=False)

    def _later(
        self,
        instance: CloudInstance,
        state: InstanceState,
        seconds: float,
        then: Callable[[CloudInstance], None],
    ) -> None:
        transition = instance.enter(state)

        def step() -> None:
            if instance.transition == transition:
                then(instance)

        self._timeline.after(seconds * (self._times.metal_factor if instance.instance_type.is_metal else 1), step)
