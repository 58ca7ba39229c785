"""Filters of DescribeInstances and DescribeInstanceStatus."""

import fnmatch
import re
from collections.abc import Callable, Sequence

from cmlfleet.simulator.cloud.errors import AwsError
from cmlfleet.simulator.cloud.instance import CloudInstance
from cmlfleet.simulator.cloud.query import Filter

Predicate = Callable[[CloudInstance], bool]

_FIELDS: dict[str, Callable[[CloudInstance], str | None]] = {
    "availability-zone": lambda instance: instance.availability_zone,
    "image-id": lambda instance: instance.image_id,
    "instance-id": lambda instance: instance.instance_id,
    "instance-state-code": lambda instance: str(instance.state.code),
    "instance-state-name": lambda instance: instance.state,
    "instance-type": lambda instance: instance.instance_type.name,
    "ip-address": lambda instance: instance.public_ip,
    "private-ip-address": lambda instance: instance.private_ip,
}


def all_of(filters: Sequence[Filter]) -> Predicate | None:
    """Every filter must hold, any value of each. None when there is nothing to filter by."""
    predicates = [_predicate(each) for each in filters]
    if not predicates:
        return None
    if len(predicates) == 1:
        return predicates[0]
    return lambda instance: all(holds(instance) for holds in predicates)


def _predicate(each: Filter) -> Predicate:
    accepts = _matcher(each.values)
    if each.name.startswith("tag:"):
        key = each.name.removeprefix("tag:")
        return lambda instance: (value := instance.tags.get(key)) is not None and accepts(value)
    if each.name == "tag-key":
        return lambda instance: any(accepts(key) for key in instance.tags)
    read = _FIELDS.get(each.name)
    if read is None:
        raise AwsError("InvalidParameterValue", f"The filter '{each.name}' is invalid")
    return lambda instance: (value := read(instance)) is not None and accepts(value)


def _matcher(values: Sequence[str]) -> Callable[[str], bool]:
    if not any(character in value for value in values for character in "*?"):
        return frozenset(values).__contains__
    patterns = re.compile("|".join(fnmatch.translate(value.replace("[", "[[]")) for value in values))
    return lambda text: patterns.match(text) is not None
