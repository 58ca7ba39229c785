"""The parameters of AWS's query protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cmlfleet.simulator.cloud.errors import AwsError, invalid_value, missing_parameter


@dataclass(frozen=True, kw_only=True)
class Filter:
    name: str
    values: tuple[str, ...]


class QueryParameters:
    """`Name.1.Member` and the like, as boto3 sends them in a form body."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def of_form(cls, body: str) -> "QueryParameters":
        return cls(dict(parse_qsl(body, keep_blank_values=True)))

    def text(self, name: str) -> str | None:
        return self._values.get(name)

    def required(self, name: str) -> str:
        """Raises `AwsError` MissingParameter."""
        value = self._values.get(name)
        if not value:
            raise missing_parameter(name)
        return value

    def flag(self, name: str) -> bool:
        return self._values.get(name, "false").lower() == "true"

    def number(self, name: str, *, low: int, high: int) -> int | None:
        """Raises `AwsError` InvalidParameterValue outside of the range."""
        value = self._values.get(name)
        if value is None:
            return None
        if not value.isdecimal() or not low <= int(value) <= high:
            raise invalid_value(value, parameter=name, allowed=f"Expecting a value between {low} and {high}.")
        return int(value)

    def texts(self, prefix: str) -> list[str]:
        """The values of `prefix.1`, `prefix.2`, … in order."""
        found: list[str] = []
        while (value := self._values.get(f"{prefix}.{len(found) + 1}")) is not None:
            found.append(value)
        return found

    def filters(self) -> list[Filter]:
        """Raises `AwsError` FilterLimitExceeded above 200 values, as EC2 does."""
        found: list[Filter] = []
        while (name := self._values.get(f"Filter.{len(found) + 1}.Name")) is not None:
            values = self.texts(f"Filter.{len(found) + 1}.Value")
            found.append(Filter(name=name, values=tuple(values)))
        if sum(len(each.values) for each in found) > FILTER_VALUES_LIMIT:
            raise AwsError(
                "FilterLimitExceeded",
                f"The maximum number of filter values specified on a single call is {FILTER_VALUES_LIMIT}",
            )
        return found

    def tags(self, prefix: str) -> dict[str, str]:
        """The tags of `prefix.1.Key`, `prefix.1.Value`, …"""
        found: dict[str, str] = {}
        number = 1
        while (key := self._values.get(f"{prefix}.{number}.Key")) is not None:
            found[key] = self._values.get(f"{prefix}.{number}.Value", "")
            number += 1
        return found


FILTER_VALUES_LIMIT = 200  # per call, over all filters
