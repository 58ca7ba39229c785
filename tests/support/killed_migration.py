"""`cmlfleet migrate` that is killed after half of its statements, as by a loss of power."""

import os
import signal
from typing import Any

from alembic import op

from cmlfleet.__main__ import main

TABLES_BEFORE_THE_END = 4


def _killed_after_a_few_tables() -> None:
    made: list[str] = []
    create = op.create_table

    def create_or_die(name: str, *arguments: Any, **options: Any) -> Any:
        if len(made) == TABLES_BEFORE_THE_END:
            os.kill(os.getpid(), signal.SIGKILL)
        made.append(name)
        return create(name, *arguments, **options)

    op.create_table = create_or_die


if __name__ == "__main__":
    _killed_after_a_few_tables()
    main()
