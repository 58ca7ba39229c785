"""A simulated controller with an asynchronous client, or with Cisco's own client and in another thread."""

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.integration.simulator_controller.scene import Scene, make_scene
from tests.support.simulated_controller import PASSWORD, RunningController, running_controller
from virl2_client import ClientLibrary

VERSIONS = ("2.9.1+build.7", "2.10.0+build.5")
SPEED = 20.0  # simulated seconds in a real one, so that boots and registrations take no time here


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = await make_scene()
    yield scene
    await scene.close()


@pytest.fixture(params=VERSIONS)
def running(request: pytest.FixtureRequest) -> Iterator[RunningController]:
    """A controller of each version, twenty times faster than life."""
    with running_controller(speed=SPEED, version=request.param) as running:
        yield running


def connect(running: RunningController, **changes: Any) -> ClientLibrary:
    settings: dict[str, Any] = {
        "username": "admin",
        "password": PASSWORD,
        "ssl_verify": False,
        "raise_for_auth_failure": True,
        **changes,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client warns that certificates are not verified
        return ClientLibrary(running.url, **settings)


@pytest.fixture
def client(running: RunningController) -> ClientLibrary:
    library = connect(running)
    library.licensing.wait_interval = 0.05
    return library
