"""Instance ids: what one looks like, and which ones an error of EC2 names."""

import re
from collections.abc import Iterable

from cmlfleet.domain.identifiers import InstanceId

_WHOLE = re.compile(r"i-(?:[0-9a-f]{17}|[0-9a-f]{8})")
_WITHIN = re.compile(r"\bi-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")


def is_instance_id(text: str) -> bool:
    """Whether EC2 would take it for an id; anything else makes the whole call fail."""
    return _WHOLE.fullmatch(text) is not None


def ids_in(message: str) -> frozenset[InstanceId]:
    """The ids that the text of an error names: EC2 lists several in one pair of quotes."""
    return frozenset(InstanceId(found) for found in _WITHIN.findall(message))


def only_valid(instance_ids: Iterable[InstanceId]) -> list[InstanceId]:
    """Those that EC2 would take, each once, in their order."""
    return [instance_id for instance_id in dict.fromkeys(instance_ids) if is_instance_id(instance_id)]
