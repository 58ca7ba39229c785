"""What a caller may set of a node."""

from collections.abc import Mapping
from typing import Any, cast

from cmlfleet.simulator.controller.exchange import InvalidInputError
from cmlfleet.simulator.controller.lab_elements import Node
from cmlfleet.simulator.controller.validation import (
    integer_of,
    nullable_text_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
)

_RANGES = {  # of Cisco's schemas: MB of RAM, percent of a CPU, GB of disk
    "ram": (1, 1_048_576),
    "cpus": (1, 128),
    "cpu_limit": (20, 100),
    "data_volume": (0, 4096),
    "boot_disk_size": (0, 4096),
    "priority": (0, 10_000),
}
_COORDINATE_LIMIT = 15_000
_LONGEST_LABEL = 128

SETTING_KEYS = frozenset(
    {
        *_RANGES,
        "label",
        "x",
        "y",
        "image_definition",
        "hide_links",
        "tags",
        "parameters",
        "configuration",
        "pinned_compute_id",
        "pyats",
    }
)


def apply_settings(node: Node, settings: dict[str, Any]) -> None:
    """Sets what is there and leaves the rest. Raises `InvalidInputError`, and then nothing is set."""
    numbers = {name: _number(settings, name) for name in _RANGES if name in settings}
    places = {
        name: integer_of(
            settings[name], location=("body", name), lowest=-_COORDINATE_LIMIT, highest=_COORDINATE_LIMIT
        )
        for name in ("x", "y")
        if name in settings
    }
    label = text_of(settings, "label", shortest=1, longest=_LONGEST_LABEL) if "label" in settings else node.label
    tags = texts_of(settings["tags"], "tags") if "tags" in settings else node.tags
    configuration = node.configuration
    if "configuration" in settings:
        configuration = _configuration(node, settings["configuration"])
    pyats = object_of(settings.get("pyats") or {}, "pyats")
    new_parameters: dict[str, str | None] = object_of(settings.get("parameters") or {}, "parameters")
    for name, value in (numbers | places).items():
        setattr(node, name, value)
    node.label = label
    node.tags = tags
    node.configuration = configuration
    node.image_definition = nullable_text_of(
        settings.get("image_definition", node.image_definition), "image_definition"
    )
    node.hide_links = bool(settings.get("hide_links", node.hide_links))
    node.pinned_compute_id = settings.get("pinned_compute_id", node.pinned_compute_id)
    node.pyats = {**node.pyats, **pyats}
    parameters = {**node.parameters, **new_parameters}
    node.parameters = {name: value for name, value in parameters.items() if value is not None}


def _number(settings: dict[str, Any], name: str) -> int | None:
    value = settings[name]
    if value is None or (value == 0 and name in ("cpus", "ram")):
        return None
    lowest, highest = _RANGES[name]
    return integer_of(value, location=("body", name), lowest=lowest, highest=highest)


def _configuration(node: Node, value: object) -> list[Mapping[str, str | None]]:
    """One text is the main file; one object replaces the file of its name; a list replaces all."""
    if value is None:
        return []
    if isinstance(value, str):
        name = str(node.configuration[0]["name"]) if node.configuration else _main_file(node)
        return [{"name": name, "content": value}, *node.configuration[1:]]
    if isinstance(value, dict):
        file = cast("dict[str, str | None]", value)
        others = [known for known in node.configuration if known["name"] != file.get("name")]
        return [{"name": file.get("name"), "content": file.get("content")}, *others]
    if isinstance(value, list):
        files = objects_of(cast("object", value), "configuration")
        return [{"name": file.get("name"), "content": file.get("content")} for file in files]
    raise InvalidInputError(
        location=("body", "configuration"), kind="string_type", message="Input should be a valid string"
    )


def _main_file(node: Node) -> str:
    return "ios_config.txt" if node.node_definition.startswith("io") else "node.cfg"
