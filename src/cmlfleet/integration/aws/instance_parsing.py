"""Instances and statuses out of EC2's XML: the dozen fields that are used, copied out so that the tree can go."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern

from cmlfleet.domain.facts import EC2Checks, EC2InstanceFact, EC2ScheduledEvent
from cmlfleet.domain.identifiers import InstanceId
from cmlfleet.integration.aws.xml_answers import XmlElement, children, listed, text_of

_AMAZONS_OWN = "amazon"  # owns an address that was assigned automatically; an Elastic IP belongs to an account
_LOW_BYTE = 0xFF  # the high byte of the state's code is EC2's own affair
_STATES = {0: "pending", 16: "running", 32: "shutting-down", 48: "terminated", 64: "stopping", 80: "stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """What DescribeInstanceStatus says of one instance."""

    checks: EC2Checks | None
    scheduled_events: tuple[EC2ScheduledEvent, ...]


def instance_items(root: XmlElement) -> Iterator[XmlElement]:
    """Every instance of every reservation."""
    for reservation in listed(children(root).get("reservationSet")):
        yield from listed(children(reservation).get("instancesSet"))


def status_items(root: XmlElement) -> Iterator[XmlElement]:
    yield from listed(children(root).get("instanceStatusSet"))


def next_token(root: XmlElement) -> str | None:
    return text_of(children(root).get("nextToken"))


def parse_instance(item: XmlElement, *, read_at: datetime) -> tuple[InstanceId, EC2InstanceFact]:
    """Raises ValueError or KeyError for an item that lacks what every instance has."""
    parts = children(item)
    fact = EC2InstanceFact(
        read_at=read_at,
        state=_state(parts["instanceState"]),
        state_reason=_state_reason(parts),
        instance_type=_shared(parts.get("instanceType")),
        image_id=_shared(parts.get("imageId")),
        availability_zone=_shared(children(parts.get("placement")).get("availabilityZone")) or None,
        launched_at=_moment(parts["launchTime"]),
        private_ip=text_of(parts.get("privateIpAddress")),
        public_ip=text_of(parts.get("ipAddress")),
        public_ip_is_elastic=_is_elastic(parts),
        addresses=_addresses(parts),
        tags=_tags(parts.get("tagSet")),
        detailed_monitoring=text_of(children(parts.get("monitoring")).get("state")) == "enabled",
        nested_virtualization=text_of(children(parts.get("cpuOptions")).get("nestedVirtualization")) == "enabled",
    )
    return _instance_id(parts), fact


def parse_status(item: XmlElement) -> tuple[InstanceId, InstanceStatus]:
    """Raises ValueError or KeyError for an item without id."""
    parts = children(item)
    system, instance = _summary(parts.get("systemStatus")), _summary(parts.get("instanceStatus"))
    checks = (
        EC2Checks(system=system, instance=instance, ebs=_summary(parts.get("attachedEbsStatus")))
        if system and instance
        else None
    )
    events = tuple(_event(event) for event in listed(parts.get("eventsSet")))
    return _instance_id(parts), InstanceStatus(checks=checks, scheduled_events=events)


def _instance_id(parts: dict[str, XmlElement]) -> InstanceId:
    instance_id = text_of(parts["instanceId"])
    if instance_id is None:
        raise ValueError("an instance without id")
    return InstanceId(instance_id)


def _state(element: XmlElement) -> str:
    parts = children(element)
    name = text_of(parts.get("name"))
    return intern(name or _STATES[int(text_of(parts["code"]) or -1) & _LOW_BYTE])


def _state_reason(parts: dict[str, XmlElement]) -> str | None:
    """EC2's reason, and its free text, the only place where the time of a stop is told."""
    reason = children(parts.get("stateReason"))
    said = text_of(reason.get("message")) or text_of(reason.get("code"))
    transition = text_of(parts.get("reason"))
    return "; ".join(text for text in (said, transition) if text) or None


def _is_elastic(parts: dict[str, XmlElement]) -> bool:
    """Whether the public address of the instance belongs to an account."""
    public_ip = text_of(parts.get("ipAddress"))
    if public_ip is None:
        return False
    for association in _associations(parts):
        if text_of(association.get("publicIp")) == public_ip:
            return text_of(association.get("ipOwnerId")) not in (None, _AMAZONS_OWN)
    return False


def _addresses(parts: dict[str, XmlElement]) -> tuple[str, ...]:
    """Private and public addresses of every interface, IPv6 included."""
    found = dict.fromkeys([text_of(parts.get("privateIpAddress")), text_of(parts.get("ipAddress"))])
    for interface in _interfaces(parts):
        found[text_of(interface.get("privateIpAddress"))] = None
        for private in listed(interface.get("privateIpAddressesSet")):
            found[text_of(children(private).get("privateIpAddress"))] = None
        for address in listed(interface.get("ipv6AddressesSet")):
            found[text_of(children(address).get("ipv6Address"))] = None
    for association in _associations(parts):
        found[text_of(association.get("publicIp"))] = None
    return tuple(address for address in found if address)


def _interfaces(parts: dict[str, XmlElement]) -> Iterator[dict[str, XmlElement]]:
    for interface in listed(parts.get("networkInterfaceSet")):
        yield children(interface)


def _associations(parts: dict[str, XmlElement]) -> Iterator[dict[str, XmlElement]]:
    for interface in _interfaces(parts):
        yield children(interface.get("association"))
        for private in listed(interface.get("privateIpAddressesSet")):
            yield children(children(private).get("association"))


def _tags(tag_set: XmlElement | None) -> dict[str, str]:
    tags: dict[str, str] = {}
    for item in listed(tag_set):
        tag = children(item)
        key = text_of(tag.get("key"))
        if key is not None:
            tags[intern(key)] = text_of(tag.get("value")) or ""
    return tags


def _summary(element: XmlElement | None) -> str | None:
    status = text_of(children(element).get("status"))
    return None if status is None else intern(status)


def _event(element: XmlElement) -> EC2ScheduledEvent:
    parts = children(element)
    return EC2ScheduledEvent(
        code=text_of(parts.get("code")) or "unknown",
        description=text_of(parts.get("description")) or "",
        not_before=_moment_or_none(parts.get("notBefore")),
        not_after=_moment_or_none(parts.get("notAfter")),
    )


def _shared(element: XmlElement | None) -> str:
    """Text that many instances share is kept once."""
    return intern(text_of(element) or "")


def _moment(element: XmlElement) -> datetime:
    text = text_of(element)
    if text is None:
        raise ValueError("an empty time")
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment_or_none(element: XmlElement | None) -> datetime | None:
    return None if text_of(element) is None or element is None else _moment(element)
