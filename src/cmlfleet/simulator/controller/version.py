"""What the played CML version has and has not."""

import re
from dataclasses import dataclass
from functools import lru_cache

_VERSION = re.compile(r"^(\d+)\.(\d+)\.(\d+)(.*)$")

_TOPOLOGY_SCHEMAS = (  # from the CML minor on that wrote them first
    ((2, 10), "0.3.1"),
    ((2, 8), "0.3.0"),
    ((2, 7), "0.2.2"),
    ((2, 6), "0.2.1"),
    ((2, 5), "0.2.0"),
    ((2, 4), "0.1.0"),
)


@dataclass(frozen=True)
class ControllerVersion:
    """A three-part CML version from 2.4 on, as `system_information` shows it."""

    text: str
    minor: tuple[int, int]

    @staticmethod
    @lru_cache(maxsize=64)
    def parse(text: str) -> "ControllerVersion":
        """Raises `ValueError` for what is not a version from 2.4 to 2.x."""
        match = _VERSION.match(text)
        if match is None:
            raise ValueError(f"a CML version has three parts, like 2.9.1+build.7; {text!r} has not")
        minor = (int(match[1]), int(match[2]))
        if not (2, 4) <= minor < (3, 0):
            raise ValueError(f"the simulator plays CML 2.4 and later 2.x, not {text!r}")
        return ControllerVersion(text=text, minor=minor)

    @property
    def topology_schema(self) -> str:
        return next(schema for minor, schema in _TOPOLOGY_SCHEMAS if self.minor >= minor)

    @property
    def is_closed_schema(self) -> bool:
        """Since 2.9 unknown request keys are refused, and validation errors are JSON in a string."""
        return self.minor >= (2, 9)

    @property
    def has_diagnostics_categories(self) -> bool:
        return self.minor >= (2, 9)

    @property
    def has_associations(self) -> bool:
        return self.minor >= (2, 9)

    @property
    def has_lab_groups(self) -> bool:
        return self.minor < (2, 10)

    @property
    def has_smart_annotations(self) -> bool:
        return self.minor >= (2, 8)

    @property
    def is_at_least_2_10(self) -> bool:
        return self.minor >= (2, 10)
