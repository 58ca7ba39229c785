"""A controller that is asked with a rule's credentials, whose password changes where it is kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.cml.conftest import Scene
from tests.support.cml_reader import BY_PERSON, LOOPBACK, AdjustableClock, CMLReader, CredentialsOnHand
from tests.support.simulated_controller import PASSWORD

from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome
from cmlfleet.integration.services.address_policy import AddressPolicy
from cmlfleet.integration.services.certificate_trust import TLSMode
from cmlfleet.integration.services.cml_api_client import CMLApiClient
from cmlfleet.integration.services.cml_source import CMLControllerSource
from cmlfleet.integration.services.controller import Controllers
from cmlfleet.integration.services.credential_rule import READ_AGAIN_SECONDS, CredentialRule
from cmlfleet.integration.services.fleet_credentials import FleetCredentials
from cmlfleet.integration.services.password_file import password_in_file

NEXT_PASSWORD = "the-password-after-the-next-rotation"


class NoneOwn:
    async def get(self, worker_id: str) -> None:
        del worker_id


class Ruled:
    """A reader whose only credentials are a rule's, with the password in a file."""

    def __init__(self, scene: Scene, reader: CMLReader, file: Path) -> None:
        self.scene = scene
        self.reader = reader
        self.file = file

    def change_on_controller(self) -> None:
        user = self.scene.controller.users.admin
        user.password = NEXT_PASSWORD
        self.scene.controller.tokens.revoke_everything()


@pytest.fixture
async def ruled(scene: Scene, tmp_path: Path) -> AsyncIterator[Ruled]:
    clock, file = AdjustableClock(), tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    rule = CredentialRule(username="admin", password=password_in_file(file), clock=clock)
    async with CMLApiClient(keepalive_seconds=90.0) as client:
        source = CMLControllerSource(
            client=client,
            controllers=Controllers(tls_mode=TLSMode.PIN, clock=clock),
            credentials=FleetCredentials(own=NoneOwn(), rules=[rule], fleet=None),
            policy=AddressPolicy(allowed_networks=LOOPBACK),
            timeout_seconds=5.0,
        )
        reader = CMLReader(source, endpoint=scene.listener.endpoint, credentials=CredentialsOnHand(None), clock=clock)
        yield Ruled(scene, reader, file)


async def test_a_rule_signs_in(ruled: Ruled):
    fact = await ruled.reader.read()
    assert (fact.error_code, fact.has_credentials) == (None, True)


async def test_a_refused_password_is_read_again_and_used_at_once(ruled: Ruled):
    await ruled.reader.read()
    ruled.change_on_controller()
    ruled.file.write_text(NEXT_PASSWORD)
    ruled.reader.clock.advance(READ_AGAIN_SECONDS)

    fact = await ruled.reader.read()

    assert fact.error_code is None
    assert fact.statistics is not None


async def test_a_password_that_changes_later_heals_without_a_person(ruled: Ruled):
    await ruled.reader.read()
    ruled.change_on_controller()
    assert (await ruled.reader.read()).error_code is ErrorCode.UNAUTHORIZED
    tried = ruled.scene.controller.calls.sign_ins
    ruled.reader.clock.advance(READ_AGAIN_SECONDS)
    assert (await ruled.reader.read()).error_code is ErrorCode.UNAUTHORIZED
    assert ruled.scene.controller.calls.sign_ins == tried, "the same wrong password is not tried again"

    ruled.file.write_text(NEXT_PASSWORD)
    ruled.reader.clock.advance(READ_AGAIN_SECONDS)

    assert (await ruled.reader.read()).error_code is None


async def test_a_password_that_cannot_be_read_leaves_what_is_public(ruled: Ruled):
    ruled.file.unlink()

    fact = await ruled.reader.read(BY_PERSON)

    assert fact.error_code is ErrorCode.ACCESS_DENIED
    assert fact.detail == f"password_file {ruled.file} cannot be read: No such file or directory"
    assert fact.system_information is not None
    assert fact.maintenance_mode is False
    assert fact.parts[CMLPart.SYSTEM_INFORMATION].outcome is Outcome.OK
    assert fact.parts[CMLPart.STATISTICS].error_code is ErrorCode.ACCESS_DENIED
    assert ruled.scene.controller.calls.sign_ins == 0


@pytest.mark.parametrize(("content", "told"), [(b"", "is empty"), (b"\xff\xfe\x00", "holds no text")])
async def test_a_file_without_a_password_says_so(ruled: Ruled, content: bytes, told: str):
    ruled.file.write_bytes(content)

    fact = await ruled.reader.read()

    assert fact.error_code is ErrorCode.ACCESS_DENIED
    assert told in (fact.detail or "")
