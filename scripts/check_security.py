"""Fails on a row of the threat model that names no test, or a test that does not exist."""

import re
import sys
from pathlib import Path

PAGE = Path("docs/security.md")
TESTS = Path("tests")
_NAMED = re.compile(r"`([^`]+)`")


def complaints(page: str) -> list[str]:
    """What is wrong with the tables of the page; their last column names tests, `::name` one of the file before."""
    found: list[str] = []
    for line in page.splitlines():
        if not line.startswith("| ") or line.startswith("| asset "):
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        named = _NAMED.findall(cells[-1])
        if not named:
            found.append(f"{cells[0]}, {cells[2]}: no test is named")
        path = ""
        for name in named:
            file, _, test = name.partition("::")
            path = file or path
            if not _exists(TESTS / path, test):
                found.append(f"{cells[0]}: there is no test {name}")
    return found


def _exists(path: Path, test: str) -> bool:
    if not path.is_file():
        return False
    return not test or re.search(rf"^(async )?def {re.escape(test)}\(", path.read_text(), re.MULTILINE) is not None


def main() -> int:
    """Exit status 1 when anything was found."""
    found = complaints(PAGE.read_text())
    for complaint in found:
        sys.stderr.write(f"{PAGE}: {complaint}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
