"""Fails on relative links in the documentation that lead nowhere."""

import re
import subprocess
import sys
from pathlib import Path

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def main() -> int:
    """Exit status 1 when a link is dead."""
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True)
    dead = 0
    for name in listed.stdout.split():
        page = Path(name)
        for target in _LINK.findall(page.read_text()):
            path = target.split("#")[0]
            if path and "://" not in path and not path.startswith("mailto:") and not (page.parent / path).exists():
                sys.stderr.write(f"{name}: dead link {target}\n")
                dead += 1
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
