"""YAML that a terminal may show."""

from typing import Any

import yaml

from cmlfleet.cli.layout import escaped


class _Dumper(yaml.SafeDumper):
    """Texts with characters that cannot be shown stand in double quotes, where numbers can take their place."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')  # pyright: ignore[reportUnknownMemberType] - the stubs leave it open


_Dumper.add_representer(str, _text)


def as_yaml(value: Any) -> str:
    """The API's own object, with its fields in the API's order."""
    return escaped(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
