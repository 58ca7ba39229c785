"""The whole simulated AWS: accounts, each with EC2 in its regions."""

from collections.abc import Iterable, Iterator

from cmlfleet.simulator.clock import SimulationClock
from cmlfleet.simulator.cloud.credentials import CloudAccount, CredentialStore
from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.instance_ids import PublicAddressPool
from cmlfleet.simulator.cloud.region import CloudRegion
from cmlfleet.simulator.cloud.regions import ALL_REGIONS
from cmlfleet.simulator.cloud.transition_times import TransitionTimes
from cmlfleet.simulator.timeline import Timeline


class CloudWorld:
    def __init__(
        self,
        *,
        accounts: Iterable[CloudAccount],
        clock: SimulationClock,
        timeline: Timeline,
        seed: int,
        times: TransitionTimes | None = None,
    ) -> None:
        self.clock = clock
        self.timeline = timeline
        self.accounts = {account.account_id: account for account in accounts}
        self.credentials = CredentialStore(accounts=self.accounts.values(), clock=clock, seed=seed)
        self._seed = seed
        self._times = times or TransitionTimes()
        self._addresses = PublicAddressPool(seed=seed)
        self._regions: dict[tuple[str, str], CloudRegion] = {}

    def region(self, *, account_id: str, name: str) -> CloudRegion:
        """That account's EC2 in that region. Raises KeyError for an account or region that does not exist."""
        key = (account_id, name)
        region = self._regions.get(key)
        if region is None:
            number = ALL_REGIONS.index(name) if name in ALL_REGIONS else None
            if number is None or account_id not in self.accounts:
                raise KeyError(key)
            region = CloudRegion(
                account_id=account_id,
                name=name,
                number=number,
                seed=self._seed,
                clock=self.clock,
                timeline=self.timeline,
                addresses=self._addresses,
                times=self._times,
                known_elsewhere=lambda instance_id: self._is_known(name, instance_id),
            )
            self._regions[key] = region
        return region

    def instances(self) -> Iterator[CloudInstance]:
        for region in list(self._regions.values()):
            yield from list(region.instances.values())

    def _is_known(self, region_name: str, instance_id: str) -> bool:
        return any(
            instance_id in region.instances for (_, name), region in self._regions.items() if name == region_name
        )
