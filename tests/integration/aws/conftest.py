from collections.abc import AsyncIterator

import pytest
from tests.support.aws_scene import AwsScene, aws_scene


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsScene]:
    """Twelve steady workers of one account and region."""
    async with aws_scene(monkeypatch, workers=12) as made:
        yield made
