"""Where a worker's CML API is."""

from collections.abc import Mapping
from dataclasses import dataclass

ENDPOINT_TAG = "cmlfleet:endpoint"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` is None when there is none, and `reason` then names the setting that would give one."""

    url: str | None
    reason: str | None = None


def endpoint_of(
    *, tags: Mapping[str, str], public_ip: str | None, private_ip: str | None, prefer_private_ip: bool
) -> Endpoint:
    """The tag wins; then, by the setting, the private and the public address, or the public one alone."""
    tagged = tags.get(ENDPOINT_TAG, "").strip().rstrip("/")
    if tagged:
        if not tagged.startswith("https://"):
            return Endpoint(None, f"the tag {ENDPOINT_TAG} is not an https:// address: {tagged[:200]!r}")
        return Endpoint(tagged)
    address = (private_ip or public_ip) if prefer_private_ip else public_ip
    if address:
        return Endpoint(f"https://[{address}]" if ":" in address else f"https://{address}")
    if private_ip and not prefer_private_ip:
        return Endpoint(
            None,
            f"the instance has only a private address ({private_ip}): set CMLFLEET_PREFER_PRIVATE_IP=true "
            f"or the tag {ENDPOINT_TAG}",
        )
    return Endpoint(None, f"EC2 reports no address: give the instance one or set the tag {ENDPOINT_TAG}")
