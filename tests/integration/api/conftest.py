from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningService]:
    """One service and three adopted workers for all tests of a module."""
    async with running_service(tmp_path_factory.mktemp("service")) as running:
        await running.adopt_all()
        yield running
