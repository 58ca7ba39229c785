"""Which faults are on, for whom. Imported by both halves of the simulator."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from cmlfleet.simulator.fault_catalogue import CATALOGUE, FaultKind, FaultName, FaultScope

__all__ = [
    "CATALOGUE",
    "EVERYTHING",
    "Fault",
    "FaultBoard",
    "FaultKind",
    "FaultName",
    "FaultScope",
    "UnknownFaultError",
]

EVERYTHING = "*"  # the part of a scope that does not narrow it

_ScopeKey = tuple[str, str, str, str]


class UnknownFaultError(ValueError):
    """No fault of that name; the message lists the names there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no fault {name!r}; there are: {', '.join(CATALOGUE)}")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault that is on. `rate` (0 to 1) is how often it strikes."""

    name: FaultName
    worker: str = EVERYTHING
    account: str = EVERYTHING
    region: str = EVERYTHING
    operation: str = EVERYTHING
    rate: float = 1.0
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    def number(self, parameter: str, default: float) -> float:
        """The parameter as a number."""
        return float(self.parameters.get(parameter, default))

    def text(self, parameter: str, default: str) -> str:
        return self.parameters.get(parameter, default)

    @property
    def scope_key(self) -> _ScopeKey:
        return (self.worker, self.account, self.region, self.operation)

    def concerns(self, *, account: str | None, region: str | None, operation: str | None) -> bool:
        asked = (account, region, operation)
        own = (self.account, self.region, self.operation)
        return all(part in (EVERYTHING, given) for part, given in zip(own, asked, strict=True))


FaultListener = Callable[[Fault, bool], None]


class FaultBoard:
    """Faults by worker, name and scope; a fault set again for the same scope replaces the former one."""

    def __init__(self, *, seed: int = 0) -> None:
        self._by_worker: dict[str, dict[FaultName, dict[_ScopeKey, Fault]]] = {}
        self._set_count: Counter[FaultName] = Counter()
        self._times_left: dict[tuple[FaultName, _ScopeKey], int] = {}
        self._worker_of_alias: dict[str, str] = {}
        self._listeners: dict[str, list[FaultListener]] = {}
        self._dice = random.Random(seed)

    def name_worker(self, worker: str, *, aliases: Collection[str]) -> None:
        """Let a worker be named by its instance id and the like too."""
        self._worker_of_alias.update(dict.fromkeys(aliases, worker))

    def worker_of(self, alias: str) -> str:
        """The worker's own name."""
        return self._worker_of_alias.get(alias, alias)

    def subscribe(self, listener: FaultListener, *, worker: str = EVERYTHING) -> None:
        """Call `listener(fault, is_on)` after each change, or only after those that concern the worker: what
        listens on a socket must open and close it."""
        self._listeners.setdefault(worker, []).append(listener)

    def set(
        self,
        name: FaultName | str,
        *,
        worker: str = EVERYTHING,
        account: str = EVERYTHING,
        region: str = EVERYTHING,
        operation: str = EVERYTHING,
        rate: float = 1.0,
        times: int | None = None,
        parameters: Mapping[str, float | str] | None = None,
    ) -> Fault:
        """Switch a fault on, for `times` strikes when given. Raises `UnknownFaultError`, `ValueError`."""
        if not 0 < rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, not {rate}")
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        fault = Fault(
            name=fault_name(name),
            worker=self.worker_of(worker),
            account=account,
            region=region,
            operation=operation,
            rate=rate,
            parameters={key: str(value) for key, value in (parameters or {}).items()},
        )
        _check_scope(fault)
        of_name = self._by_worker.setdefault(fault.worker, {}).setdefault(fault.name, {})
        if fault.scope_key not in of_name:
            self._set_count[fault.name] += 1
        of_name[fault.scope_key] = fault
        self._times_left.pop((fault.name, fault.scope_key), None)
        if times is not None:
            self._times_left[fault.name, fault.scope_key] = times
        self._tell(fault, is_on=True)
        return fault

    def clear(self, name: FaultName | str | None = None, *, worker: str | None = None) -> list[Fault]:
        """Switch off the faults of that name and worker (each all of them when left out); what went off."""
        wanted = None if name is None else fault_name(name)
        worker = None if worker is None else self.worker_of(worker)
        gone = [fault for fault in self.list() if wanted in (None, fault.name) and worker in (None, fault.worker)]
        for fault in gone:
            self._remove(fault)
        return gone

    def list(self) -> list[Fault]:
        return [
            fault
            for of_worker in self._by_worker.values()
            for of_name in of_worker.values()
            for fault in of_name.values()
        ]

    def is_set(self, name: FaultName) -> bool:
        """Whether the fault is on for anybody; asking uses nothing up."""
        return self._set_count[name] > 0

    def names_for(self, worker: str) -> frozenset[FaultName]:
        """The faults that are on for the worker or for everybody; asking uses nothing up."""
        return frozenset(self._by_worker.get(worker, ())) | frozenset(self._by_worker.get(EVERYTHING, ()))

    def active(
        self,
        name: FaultName,
        *,
        worker: str | None = None,
        region: str | None = None,
        account: str | None = None,
        operation: str | None = None,
    ) -> Fault | None:
        """The fault that strikes now, or None. A limited rate is rolled, a limited count used up, by asking."""
        if not self._set_count[name]:
            return None
        scopes = (EVERYTHING,) if worker is None else (worker, EVERYTHING)
        for fault in [each for scope in scopes for each in self._of(scope, name)]:
            if not fault.concerns(account=account, region=region, operation=operation):
                continue
            if fault.rate < 1 and self._dice.random() >= fault.rate:
                continue
            self._use_up(fault)
            return fault
        return None

    def _of(self, worker: str, name: FaultName) -> Collection[Fault]:
        return self._by_worker.get(worker, {}).get(name, {}).values()

    def _use_up(self, fault: Fault) -> None:
        key = (fault.name, fault.scope_key)
        left = self._times_left.get(key)
        if left is None:
            return
        if left > 1:
            self._times_left[key] = left - 1
        else:
            self._remove(fault)

    def _remove(self, fault: Fault) -> None:
        of_worker = self._by_worker[fault.worker]
        del of_worker[fault.name][fault.scope_key]
        if not of_worker[fault.name]:
            del of_worker[fault.name]
        self._set_count[fault.name] -= 1
        self._times_left.pop((fault.name, fault.scope_key), None)
        self._tell(fault, is_on=False)

    def _tell(self, fault: Fault, *, is_on: bool) -> None:
        everybody = fault.worker == EVERYTHING
        for worker in tuple(self._listeners) if everybody else (EVERYTHING, fault.worker):
            for listener in tuple(self._listeners.get(worker, ())):
                listener(fault, is_on)


def _check_scope(fault: Fault) -> None:
    scope = CATALOGUE[fault.name].scope
    if scope is FaultScope.CLOUD and fault.worker != EVERYTHING:
        raise ValueError(f"{fault.name} strikes a region, account or operation, not a worker")
    if scope is FaultScope.CONTROLLER and fault.scope_key[1:] != (EVERYTHING,) * 3:
        raise ValueError(f"{fault.name} strikes workers, not a region, account or operation")


def fault_name(name: FaultName | str) -> FaultName:
    """The catalogue's name. Raises `UnknownFaultError`."""
    try:
        return FaultName(name)
    except ValueError:
        raise UnknownFaultError(name) from None
