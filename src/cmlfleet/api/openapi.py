"""Prints the OpenAPI document, or (`--check FILE`) fails when the committed one has drifted."""

import json
import sys
from pathlib import Path
from typing import Any

from cmlfleet.api.app import bare_app, openapi_of


def openapi_document() -> dict[str, Any]:
    """The document, without a running service."""
    return openapi_of(bare_app())


def main(arguments: list[str]) -> int:
    """Exit status 1 when the file is not what the code says."""
    text = json.dumps(openapi_document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if arguments[:1] == ["--check"]:
        if Path(arguments[1]).read_text() != text:
            sys.stderr.write(f"{arguments[1]} differs from what the code says: run `make docs`\n")
            return 1
        return 0
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
