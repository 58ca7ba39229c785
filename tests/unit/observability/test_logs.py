"""Log lines: whoever fails, no local variable is shown."""

import logging
import sys

import pytest
import structlog

from cmlfleet.observability.logs import configure_logs


@pytest.fixture(autouse=True)
def _put_back() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def fail_with_a_secret() -> None:
    password = "a-password-of-a-local-variable"
    del password
    raise ZeroDivisionError("the reason")


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("by_library", [True, False])
def test_a_failure_is_told_with_its_traceback_and_without_local_variables(
    capsys: pytest.CaptureFixture[str], terminal: bool, by_library: bool
) -> None:
    configure_logs(terminal=terminal)
    password = "a-password-that-is-at-hand"
    try:
        fail_with_a_secret()
    except ZeroDivisionError:
        if by_library:
            logging.getLogger("uvicorn.error").exception("it broke")
        else:
            structlog.wrap_logger(structlog.PrintLogger(sys.stderr)).exception("it broke")
    said = capsys.readouterr().err
    assert "it broke" in said
    assert "the reason" in said
    assert "fail_with_a_secret" in said
    assert password not in said
