"""Fails on what must never be committed: registry hosts, machine paths, files that grew too long, loose ends, two
migrations of one number."""

import re
import subprocess
import sys
from pathlib import Path

MOST_LINES = 450  # a longer file is more than one thing
_REGISTRY = re.compile(r"(pypi\.org|pythonhosted\.org|registry\.npmjs)")
_LOOSE_END = re.compile(r"\b(TODO|FIXME|XXX)\b")
_MIGRATION = re.compile(r"/migrations/versions/(\d+)_")
_THIS = Path(__file__).name


def complaints(name: str, text: str) -> list[str]:
    """What is wrong with one file."""
    found: list[str] = []
    if _REGISTRY.search(text):
        found.append("names a package registry's host")
    if re.search(r"(^|[\s\"'(=:])/(work|home|root)/", text):
        found.append("holds a path of somebody's machine")
    if name.endswith(".py"):
        if len(text.splitlines()) > MOST_LINES:
            found.append(f"has more than {MOST_LINES} lines")
        if _LOOSE_END.search(text):
            found.append("leaves something to be done")
    return found


def same_numbers(names: list[str]) -> list[str]:
    """Migrations that share their number: each was made after the same one, and neither knows of the other."""
    numbers: dict[str, list[str]] = {}
    for name in names:
        if found := _MIGRATION.search(name):
            numbers.setdefault(found[1], []).append(name)
    return [" and ".join(migrations) for migrations in numbers.values() if len(migrations) > 1]


def main() -> int:
    """Exit status 1 when anything was found."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    names = listed.stdout.splitlines()
    bad = 0
    for migrations in same_numbers(names):
        sys.stderr.write(f"{migrations}: two migrations have one number\n")
        bad += 1
    for name in names:
        path = Path(name)
        if path.name == _THIS or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for complaint in complaints(name, text):
            sys.stderr.write(f"{name}: {complaint}\n")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
