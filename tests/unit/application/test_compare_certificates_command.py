"""Workers that present one certificate are told of, once."""

from dataclasses import replace

import pytest
from tests.support.application_scene import ApplicationScene

from cmlfleet.application.commands.compare_certificates_command import CompareCertificatesCommand
from cmlfleet.application.commands.forget_worker_command import ForgetWorkerCommand
from cmlfleet.application.principal import SCHEDULE
from cmlfleet.domain.events.cml_worker import CMLCertificateSharedDomainEvent
from cmlfleet.domain.identifiers import WorkerId

CLONE, OWN = "ab" * 32, "cd" * 32


@pytest.fixture
def scene() -> ApplicationScene:
    return ApplicationScene()


async def pinned(scene: ApplicationScene, number: int, fingerprint: str) -> WorkerId:
    worker_id = await scene.worker(number)
    await scene.workers.save(replace(await scene.state(worker_id), certificate_pinned=fingerprint))
    return worker_id


async def compare(scene: ApplicationScene) -> int:
    return await scene.send(CompareCertificatesCommand(), SCHEDULE)


def told(scene: ApplicationScene) -> list[tuple[str, str, int]]:
    shared = [event for event in scene.workers.events if event.type == CMLCertificateSharedDomainEvent.__name__]
    return [(event.worker_id, event.data["fingerprint"], event.data["workers"]) for event in shared]


async def test_each_worker_of_a_cloned_image_is_told_of_once(scene: ApplicationScene) -> None:
    one, two = await pinned(scene, 1, CLONE), await pinned(scene, 2, CLONE)
    other = await pinned(scene, 3, OWN)

    assert await compare(scene) == 2
    assert await compare(scene) == 0

    assert told(scene) == [(one, CLONE, 1), (two, CLONE, 1)]
    assert [(await scene.state(each)).certificate_shared_with for each in (one, two, other)] == [1, 1, 0]


async def test_one_more_clone_is_an_event_of_its_own_alone(scene: ApplicationScene) -> None:
    one, two = await pinned(scene, 1, CLONE), await pinned(scene, 2, CLONE)
    await compare(scene)
    three = await pinned(scene, 3, CLONE)

    assert await compare(scene) == 3

    assert [worker_id for worker_id, _, _ in told(scene)] == [one, two, three]
    assert (await scene.state(one)).certificate_shared_with == 2


async def test_it_is_over_when_the_other_is_gone_and_begins_anew(scene: ApplicationScene) -> None:
    one, two = await pinned(scene, 1, CLONE), await pinned(scene, 2, CLONE)
    await compare(scene)
    await scene.send(ForgetWorkerCommand(two))

    assert await compare(scene) == 1
    assert (await scene.state(one)).certificate_shared_with == 0

    await pinned(scene, 4, CLONE)
    await compare(scene)
    assert [worker_id for worker_id, _, _ in told(scene)].count(one) == 2
