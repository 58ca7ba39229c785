"""Fails on relative links in the documentation that lead nowhere, and on tests that it names and that are gone."""

import re
import subprocess
import sys
from pathlib import Path

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TEST = re.compile(r"`(tests/[\w/.]+\.py)::(test_\w+)`")


def main() -> int:
    """Exit status 1 when a link is dead or a named test does not exist."""
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True)
    dead = 0
    for name in listed.stdout.split():
        page = Path(name)
        text = page.read_text()
        for file, test in _TEST.findall(text):
            if not Path(file).exists() or f"def {test}(" not in Path(file).read_text():
                sys.stderr.write(f"{name}: there is no test {file}::{test}\n")
                dead += 1
        for target in _LINK.findall(text):
            path = target.split("#")[0]
            if path and "://" not in path and not path.startswith("mailto:") and not (page.parent / path).exists():
                sys.stderr.write(f"{name}: dead link {target}\n")
                dead += 1
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
