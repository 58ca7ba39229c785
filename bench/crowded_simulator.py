"""`cmlfleet simulate` with more workers than a process may have files open for: some share a controller's address,
and so its connections. Whoever is simulated last at an address answers for all of them."""

from cmlfleet.__main__ import main
from cmlfleet.simulator import fleet

ADDRESSES = 8000

_address_of_its_own = fleet.loopback_address


def _shared_address(number: int) -> str:
    return _address_of_its_own(1 + (number - 1) % ADDRESSES)


if __name__ == "__main__":
    fleet.loopback_address = _shared_address
    main()
