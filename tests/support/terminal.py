"""The command line in a terminal: a pseudo-terminal with a screen that is read as a person reads it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import pyte

from tests.support.product import COMMAND, START_SECONDS
from tests.support.waiting import wait_until

_READ_SECONDS = 0.05  # how long one look waits for more output


@dataclass
class Terminal:
    """A command that runs in a terminal. `raw` is everything that it wrote, escape sequences included."""

    process: "pexpect.spawn[str]"
    screen: pyte.Screen
    raw: str = ""
    _stream: pyte.Stream = field(init=False)

    def __post_init__(self) -> None:
        self._stream = pyte.Stream(self.screen)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen now, without the empty lines at its end."""
        shown = [line.rstrip() for line in self.screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    def shows(self, words: str, *, timeout_seconds: float = START_SECONDS) -> None:
        """Wait until the words stand on the screen."""
        try:
            wait_until(lambda: self._read() and words in self.text, timeout_seconds=timeout_seconds, what=repr(words))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text}") from None

    def types(self, text: str) -> None:
        """A line, with Enter."""
        self.process.sendline(text)

    def interrupts(self) -> None:
        """Ctrl-C."""
        self.process.sendintr()

    def ended(self) -> int:
        """Its exit status, with everything read that it wrote."""
        wait_until(lambda: not self._read(), timeout_seconds=START_SECONDS, what="its end")
        self.process.close()
        assert self.process.exitstatus is not None, self.process.signalstatus
        return self.process.exitstatus

    def _read(self) -> bool:
        """Take what there is; false once it has ended and all was read."""
        try:
            text = self.process.read_nonblocking(1 << 16, _READ_SECONDS)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += text
        self._stream.feed(text)
        return True


@contextmanager
def terminal(
    *arguments: str, environment: Mapping[str, str], folder: Path, columns: int = 120, rows: int = 40
) -> Generator[Terminal]:
    """`cmlfleet ARGUMENTS` in a terminal of that size; ended when a test leaves it running."""
    process = pexpect.spawn(
        COMMAND[0],
        list(arguments),
        env={**environment},  # pyright: ignore[reportArgumentType]
        cwd=str(folder),
        dimensions=(rows, columns),
        encoding="utf-8",
        timeout=START_SECONDS,
    )
    try:
        yield Terminal(process, pyte.Screen(columns, rows))
    finally:
        process.close(force=True)
