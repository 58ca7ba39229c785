"""One simulated CML controller: its state, on the simulation's clock. It does no I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmlfleet.simulator.controller.administration import Administration
from cmlfleet.simulator.controller.agenda import Agenda
from cmlfleet.simulator.controller.boot import BootPhase, BootPhases, BootTimeline
from cmlfleet.simulator.controller.call_counter import CallCounter
from cmlfleet.simulator.controller.exchange import Answer
from cmlfleet.simulator.controller.hosts import ComputeHost
from cmlfleet.simulator.controller.identifiers import IdSource
from cmlfleet.simulator.controller.journal import Clock, Journal
from cmlfleet.simulator.controller.lab import Lab
from cmlfleet.simulator.controller.lab_life import LabLife
from cmlfleet.simulator.controller.lab_store import LabStore
from cmlfleet.simulator.controller.licensing import Licensing
from cmlfleet.simulator.controller.load import STATISTICS_SECONDS, HostStatistics, measure, usage_by_host
from cmlfleet.simulator.controller.rate_limit import SignInRate
from cmlfleet.simulator.controller.tokens import TokenRegister
from cmlfleet.simulator.controller.user_store import UserStore
from cmlfleet.simulator.controller.users import User
from cmlfleet.simulator.controller.version import ControllerVersion
from cmlfleet.simulator.fault_catalogue import FaultName
from cmlfleet.simulator.faults import Fault, FaultBoard

_INSTALLED_AGO = timedelta(days=200)
_RUNNING_HOURS = 3.0
_PASSWORD_FAULTS = frozenset({FaultName.WRONG_PASSWORD})

ChangeListener = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Cached:
    revision: int
    measurement: int
    answer: Answer


class CMLController:
    """`name` is the worker's name on the fault board; everything else follows from the seed and the calls.

    A controller is powered off until `power_on`. Raises `ValueError` for a version it cannot play.
    """

    def __init__(
        self,
        *,
        name: str,
        clock: Clock,
        faults: FaultBoard,
        seed: int,
        password: str,
        cpu_count: int,
        memory_bytes: int,
        disk_bytes: int,
        boot: BootPhases,
        version: str = "2.9.1+build.7",
        username: str = "admin",
        computes: int = 0,
        hostname: str | None = None,
        is_licensed: bool = True,
    ) -> None:
        self.name = name
        self.clock = clock
        self.version = ControllerVersion.parse(version)
        self.boot = boot
        self.ids = IdSource(seed=f"{seed}/{name}")
        self.hostname = hostname or self._default_hostname()
        self.calls = CallCounter()
        self.agenda = Agenda()
        self.journal = Journal(clock=clock)
        self.administration = Administration()
        self.hosts = self._hosts(computes, cpu_count, memory_bytes, disk_bytes)
        installed_at = clock.now() - _INSTALLED_AGO
        self.users = UserStore(ids=self.ids, admin_name=username, admin_password=password, installed_at=installed_at)
        self.tokens = TokenRegister(secret=self.ids.named("token secret").encode())
        self.life = LabLife(
            agenda=self.agenda,
            journal=self.journal,
            pick_compute=self.pick_compute,
            has_starting=self.version.is_at_least_2_10,
        )
        self.labs = LabStore(ids=self.ids, journal=self.journal, life=self.life)
        self.licensing = Licensing(agenda=self.agenda, journal=self.journal)
        if is_licensed:
            self.licensing.begin_registered(clock.now())
        self.sign_in_rate = SignInRate()
        self.power_listeners: list[ChangeListener] = []
        self.certificate_generation = 0
        self._timeline: BootTimeline | None = None
        self._has_booted = False
        self._cache: dict[object, _Cached] = {}
        self._board = faults
        self._faults_on: frozenset[FaultName] = frozenset()
        self._fault_began_at: dict[FaultName, datetime] = {}
        self._look_at_faults()
        faults.subscribe(self._fault_changed, worker=name)

    # Power and boot

    @property
    def is_on(self) -> bool:
        return self._timeline is not None

    def power_on(self, *, already_up: bool = False) -> None:
        """Begin to boot, or be up since before the simulation began. A second call while on changes nothing."""
        if self._timeline is not None:
            return
        if already_up:
            self._timeline = BootTimeline.already_up()
        else:
            self._timeline = BootTimeline.starting(
                at=self.clock.monotonic(), phases=self.boot, first_boot=not self._has_booted
            )
        self._has_booted = True
        self._power_changed()

    def power_off(self) -> None:
        """At once: the listener is gone, tokens are dead, what ran is stopped."""
        if self._timeline is None:
            return
        self.settle()
        self._timeline = None
        self.tokens.revoke_everything()
        self.labs.cut_power(at=self.clock.monotonic())
        self._power_changed()

    def _power_changed(self) -> None:
        self.journal.touch()
        for listener in tuple(self.power_listeners):
            listener()

    def phase(self) -> BootPhase:
        """What a caller meets now, faults aside."""
        if self._timeline is None:
            return BootPhase.OFF
        return self._timeline.phase_at(self.clock.monotonic())

    def next_phase_change(self) -> float | None:
        """The moment (simulated, monotonic) of the next change of phase, or None when none is coming."""
        return None if self._timeline is None else self._timeline.next_change_after(self.clock.monotonic())

    @property
    def is_ready(self) -> bool:
        ready = self.phase() is BootPhase.READY and any(host.can_start_nodes for host in self.hosts)
        return ready and self.fault(FaultName.NOT_READY) is None

    # Faults

    @property
    def has_faults(self) -> bool:
        return bool(self._faults_on)

    def has_fault(self, name: FaultName) -> bool:
        """Whether the fault is on; asking uses nothing of a limited one up."""
        return name in self._faults_on

    def fault(self, name: FaultName) -> Fault | None:
        """The fault if it strikes this controller now."""
        if name not in self._faults_on:
            return None
        return self._board.active(name, worker=self.name)

    def fault_began_at(self, name: FaultName) -> datetime:
        """When the fault that is on was switched on."""
        return self._fault_began_at[name]

    def _fault_changed(self, fault: Fault, is_on: bool) -> None:
        self._look_at_faults()
        if is_on and fault.name in _PASSWORD_FAULTS:
            self.tokens.revoke_everything()
        self.journal.touch()
        for listener in tuple(self.power_listeners):
            listener()

    def _look_at_faults(self) -> None:
        on = self._board.names_for(self.name)
        self._fault_began_at.update(dict.fromkeys(on - self._faults_on, self.clock.now()))
        self._faults_on = on

    # Time

    def settle(self) -> None:
        """Let everything happen that is due by now."""
        self.agenda.settle(self.clock.monotonic())

    # Load

    def statistics(self) -> dict[str, HostStatistics]:
        """By host id, of the hosts that are connected."""
        self.settle()
        moment = self.clock.monotonic()
        usages = usage_by_host(self.labs, host_ids=[host.id for host in self._hosts_for_nodes()])
        idle = usage_by_host((), host_ids=[host.id for host in self.hosts])
        return {
            host.id: measure(host, usages.get(host.id, idle[host.id]), moment=moment)
            for host in self.hosts
            if host.is_connected
        }

    def cpu_percent(self) -> float:
        """0 to 100, of the controller's own machine; 0 when it is off. What CloudWatch sees."""
        if not self.is_on:
            return 0.0
        return self.statistics()[self.hosts[0].id].cpu_percent

    def memory_percent(self) -> float:
        """0 to 100, used of total, of the controller's own machine; 0 when it is off."""
        if not self.is_on:
            return 0.0
        return self.statistics()[self.hosts[0].id].memory_used / self.hosts[0].memory_bytes * 100

    def licensed_nodes_started(self) -> int:
        """The nodes that count against the licence."""
        usages = usage_by_host(self.labs, host_ids=[host.id for host in self.hosts])
        return sum(usage.licensed_nodes for usage in usages.values())

    # People, labs and hosts, for the fleet and its scenarios

    def add_user(self, username: str, *, fullname: str = "", is_admin: bool = False) -> User:
        """Raises `ApiError` 422 when the name is taken."""
        self.journal.touch()
        return self.users.add(username=username, fullname=fullname, is_admin=is_admin)

    def add_lab(
        self,
        title: str,
        owner: str = "admin",
        node_count: int = 2,
        *,
        started: bool = False,
        hours_ago: float | None = None,
    ) -> Lab:
        """A lab with a past: it runs since `hours_ago` (3 unless given) when `started` on a controller that is on;
        else it last ran then, or never when that is left out.

        Raises `KeyError` for an owner who is not a user.
        """
        is_running = started and self.is_on
        lab = self.labs.add_planned(
            title=title,
            owner_id=self.users.by_name(owner).id,
            node_count=node_count,
            started=is_running,
            hours_ago=_RUNNING_HOURS if hours_ago is None else hours_ago,
            was_run=started or hours_ago is not None,
            at=self.clock.monotonic(),
        )
        if len(self.hosts) > 1:
            for node in lab.nodes.values():
                node.compute_id = self.pick_compute(node.id)
        return lab

    def start_lab(self, lab_id: str) -> None:
        """Raises `ApiError` 404 for an unknown lab; so does `stop_lab`."""
        self.settle()
        self.labs.start(self.labs.get(lab_id), at=self.clock.monotonic())

    def stop_lab(self, lab_id: str) -> None:
        self.settle()
        self.labs.stop(self.labs.get(lab_id), at=self.clock.monotonic())

    def pick_compute(self, node_id: str) -> str:
        """The host a node is started on."""
        able = [host for host in self._hosts_for_nodes() if host.can_start_nodes] or self.hosts[:1]
        return able[int(self.ids.fraction("placement", node_id) * len(able))].id

    def lose_compute(self, hostname: str | None = None) -> ComputeHost:
        """Disconnect a compute of the cluster (the last one unless named), its nodes with it.

        Raises `KeyError` when there is none.
        """
        host = self._compute(hostname)
        host.is_connected = False
        at = self.clock.monotonic()
        for lab in self.labs:
            self.life.lose_compute(lab, host.id, at=at)
        self.journal.touch()
        return host

    def regain_compute(self, hostname: str | None = None) -> ComputeHost:
        host = self._compute(hostname)
        host.is_connected = True
        at = self.clock.monotonic()
        for lab in self.labs:
            self.life.regain_compute(lab, host.id, at=at)
        self.journal.touch()
        return host

    def set_disk_used_percent(self, percent: float | None) -> None:
        """Of the controller's disk; None lets it follow the labs again."""
        self.hosts[0].disk_used_percent = percent
        self.journal.touch()

    def set_node_quota(self, nodes: int | None) -> None:
        """The nodes the licence allows; None lets it follow the licence again."""
        self.licensing.quota_override = nodes
        self.journal.touch()

    def set_license_status(self, *, registration: str | None = None, authorization: str | None = None) -> None:
        """Any words: the service's status fields are free strings."""
        self.licensing.registration_status = registration or self.licensing.registration_status
        self.licensing.authorization_status = authorization or self.licensing.authorization_status
        self.journal.touch()

    def set_health(self, check: str, *, is_good: bool) -> None:
        """A flag of the controller's host, such as `libvirt` or `kvm_vmx_enabled`."""
        failed = self.hosts[0].failed_checks
        failed.discard(check) if is_good else failed.add(check)
        self.journal.touch()

    def set_maintenance(self, *, is_on: bool, notice_id: str | None = None) -> None:
        self.administration.maintenance_mode = is_on
        self.administration.maintenance_notice_id = notice_id
        self.journal.touch()

    def _compute(self, hostname: str | None) -> ComputeHost:
        computes = [host for host in self.hosts if not host.is_controller and hostname in (None, host.hostname)]
        if not computes:
            raise KeyError(hostname or "a compute")
        return computes[-1]

    def _hosts_for_nodes(self) -> list[ComputeHost]:
        return [host for host in self.hosts if host.is_simulator] or self.hosts

    def _hosts(self, computes: int, cpu_count: int, memory_bytes: int, disk_bytes: int) -> list[ComputeHost]:
        return [
            ComputeHost(
                id=self.ids.named("host", index),
                hostname=f"{self.hostname}-c{index}" if index else self.hostname,
                is_controller=index == 0,
                is_simulator=index > 0 or computes == 0,
                server_address=f"fd00::{index + 1:x}",
                cpu_count=cpu_count,
                memory_bytes=memory_bytes,
                disk_bytes=disk_bytes,
            )
            for index in range(computes + 1)
        ]

    def _default_hostname(self) -> str:
        return f"ip-172-31-{int(self.ids.fraction('ip', 3) * 256)}-{int(self.ids.fraction('ip', 4) * 254) + 1}"

    # Rendered answers

    def cached(self, key: object, render: Callable[[], Answer], *, is_measured: bool = False) -> Answer:
        """The answer rendered before, as long as nothing changed; a measured one for a few seconds at most."""
        measurement = int(self.clock.monotonic() // STATISTICS_SECONDS) if is_measured else 0
        known = self._cache.get(key)
        if (
            known is not None
            and known.revision == self.journal.revision
            and known.measurement == measurement
            and not self._faults_on
        ):
            return known.answer
        answer = render()
        if self._faults_on:
            return answer
        self._cache[key] = _Cached(self.journal.revision, measurement, answer.rendered())
        return answer
