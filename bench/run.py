"""`make bench-parts`: start, refreshes and idle, as one JSON document."""

import json
import logging
import sys

from bench import idle, refresh, start
from cmlfleet.observability.logs import configure_logs


def main() -> None:
    """Print the figures; progress goes to standard error."""
    configure_logs(least=logging.ERROR)
    figures: dict[str, object] = {}
    for name, measure in (("start", start.run), ("refresh", refresh.run), ("idle", idle.run)):
        sys.stderr.write(f"==> {name}\n")
        figures[name] = measure()
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
