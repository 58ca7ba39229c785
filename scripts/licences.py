"""The reference page of the licences of everything that is locked, as each package says itself."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PAGE = Path("docs/reference/licences.md")
_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<licence>.+) \|$", re.MULTILINE)
_LOCKED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)(?:\[[^]]*\])?==")
_VIA = re.compile(r"^    # (?:via)?\s*(?P<who>\S.*)$")
_OURS = "cmlfleet (pyproject.toml)"
_NOT_TOLD = "not told"
_NOT_FOR_SHIPPING = re.compile(rf"\b(A?GPL|SSPL|General Public|Commons Clause)|^{_NOT_TOLD}$")
_LESSER = re.compile(r"LGPL|Lesser", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Package:
    """One locked package; `shipped` with the service or in the console, else a tool of development."""

    name: str
    licence: str
    shipped: bool


def licences() -> str:
    """Every locked package with its licence. Raises SystemExit for a shipped one whose terms would bind ours."""
    known = {row["name"]: row["licence"] for row in _ROW.finditer(PAGE.read_text())} if PAGE.exists() else {}
    python = python_packages(Path("requirements.lock").read_text(), known)
    node = node_packages(json.loads(Path("console/package-lock.json").read_text()))
    if refused := [each for each in [*python, *node] if not may_ship(each)]:
        raise SystemExit(
            "\n".join(f"{each.name} may not be shipped: its licence is {each.licence}" for each in refused)
        )
    lines = [
        "# Licences",
        "",
        "What is locked, with its licence as the package itself says. One that is not installed where this page was",
        "made, since another system or another Python needs it, keeps the line that it had.",
    ]
    lines += _table("Shipped with the service", [each for each in python if each.shipped])
    lines += _table("Shipped in the console", [each for each in node if each.shipped])
    lines += _table("Tools of development: Python", [each for each in python if not each.shipped])
    lines += _table("Tools of development: Node.js", [each for each in node if not each.shipped])
    return "\n".join([*lines, ""])


def python_packages(lock: str, known: Mapping[str, str]) -> list[Package]:
    """What requirements.lock names; it tells who asked for each. `known`: licences of what is not installed here."""
    wanted_by: dict[str, list[str]] = {}
    via: list[str] = []
    for line in lock.splitlines():
        if locked := _LOCKED.match(line):
            via = wanted_by[locked["name"]] = []
        elif asked := _VIA.match(line):
            via.append(asked["who"])
    shipped = {name for name, who in wanted_by.items() if _OURS in who}
    while more := {name for name, who in wanted_by.items() if name not in shipped and not shipped.isdisjoint(who)}:
        shipped |= more
    return [Package(name, _licence(name) or known.get(name, _NOT_TOLD), name in shipped) for name in wanted_by]


def node_packages(lock: Mapping[str, Mapping[str, Mapping[str, object]]]) -> list[Package]:
    """What the console's package-lock.json names, each name once."""
    found: dict[str, Package] = {}
    for path, told in sorted(lock["packages"].items()):
        if path:
            name = path.rpartition("node_modules/")[2]
            shipped = not told.get("dev", False) or (name in found and found[name].shipped)
            found[name] = Package(name, str(told.get("license", _NOT_TOLD)), shipped)
    return [found[name] for name in sorted(found)]


def may_ship(package: Package) -> bool:
    """Weak copyleft may be shipped, strong may not; nor what tells no terms."""
    strong = _NOT_FOR_SHIPPING.search(package.licence) and not _LESSER.search(package.licence)
    return not package.shipped or not strong


def _licence(name: str) -> str | None:
    """None for a package that is not installed here."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    told = found.metadata
    classifiers = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier") or [] if "License ::" in each]
    expressions, words = told.get_all("License-Expression"), told.get_all("License")
    files = [each.read_text() for each in found.files or [] if each.name.startswith(("LICENSE", "LICENCE"))]
    joined = [", ".join(classifiers)] if classifiers else None
    said = expressions or joined or words or files or [_NOT_TOLD]
    return said[0].strip().splitlines()[0]


def _table(title: str, packages: list[Package]) -> list[str]:
    rows = [f"| `{each.name}` | {each.licence} |" for each in packages]
    return ["", f"## {title}", "| package | licence |", "|---|---|", *rows]
