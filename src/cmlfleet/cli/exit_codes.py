"""How a command ended, for scripts."""

DONE = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_ALLOWED = 4
SOME_FAILED = 5


class CommandFailed(Exception):
    """Ends the command with a text for a person and a status for a script."""

    def __init__(self, text: str, *, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status
