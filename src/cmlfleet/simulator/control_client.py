"""Talks to a simulator that runs, from another process."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from cmlfleet.simulator.control import PREFIX

_TIMEOUT_SECONDS = 10


class SimulatorError(Exception):
    """It does not answer, or it refuses; the text says which and why."""


class ControlClient:
    """`aws_url` is where the simulator's AWS listens."""

    def __init__(self, *, aws_url: str) -> None:
        self._url = aws_url.rstrip("/") + PREFIX

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Raises `SimulatorError`."""
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise SimulatorError(_reason(refused)) from refused
        except OSError as cause:
            raise SimulatorError(
                f"no simulator answers at {self._url}: {cause}. Start one with `cmlfleet simulate`, "
                "or name its port with --aws-port."
            ) from cause


def _reason(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(refused)["error"])
    except (ValueError, KeyError):
        return f"the simulator answered {refused.code}"
