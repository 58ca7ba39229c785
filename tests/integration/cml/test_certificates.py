"""Which certificates are accepted, and that nothing secret reaches any other."""

import ssl

from aiohttp import web
from tests.integration.cml.conftest import Scene
from tests.support.cml_reader import BY_PERSON, CMLReader, cml_reader
from tests.support.scripted_controller import (
    Authority,
    Identity,
    ScriptedController,
    scripted_controller,
    self_signed,
)
from tests.support.waiting import until

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.services.certificate_trust import TLSContexts, TLSMode
from cmlfleet.simulator.fault_catalogue import FaultName

CREDENTIALS = CMLCredentials(username="admin", password="secret-of-the-test")


def change_certificate_after_next_answer(controller: ScriptedController, identity: Identity) -> None:
    """The next answer is the last one of its connection, and new connections present another certificate."""

    async def last_answer(request: web.Request) -> web.StreamResponse:
        del request
        identity.load_into(controller.tls)
        response = web.json_response({"version": "2.9.1+build.7", "ready": True})
        response.force_close()
        controller.routes.clear()
        return response

    controller.routes["system_information"] = last_answer


async def change_certificate(reader: CMLReader, controller: ScriptedController, identity: Identity) -> None:
    change_certificate_after_next_answer(controller, identity)
    await reader.read(BY_PERSON)
    controller.requests.clear()


async def test_a_self_signed_certificate_is_trusted_on_first_use(scene: Scene):
    fact = await scene.reader.read()

    assert fact.error_code is None
    assert fact.certificate == scene.listener.certificate.sha256
    assert not fact.certificate_verified


async def test_a_changed_certificate_gets_neither_token_nor_password(scene: Scene):
    good = await scene.reader.read()
    calls = scene.controller.calls.total()
    scene.faults.set(FaultName.CERTIFICATE_CHANGED)
    await until(lambda: scene.listener.open_connections == 0)  # what speaks under the known certificate may go on

    for plan in (BY_PERSON, BY_PERSON):
        fact = await scene.reader.read(plan)
        assert fact.error_code is ErrorCode.CERTIFICATE_CHANGED
        assert fact.certificate == scene.listener.certificate.sha256
        assert fact.certificate != good.certificate

    assert scene.controller.calls.total() == calls, "not even a public question was asked"


async def test_a_changed_certificate_is_accepted_once_a_person_says_so(scene: Scene):
    await scene.reader.read()
    scene.faults.set(FaultName.CERTIFICATE_CHANGED)
    changed = await scene.reader.read()

    scene.reader.pinned = changed.certificate
    fact = await scene.reader.read()

    assert fact.error_code is None
    assert fact.certificate == changed.certificate
    assert scene.controller.calls.sign_ins == 2, "the token of the other machine was not sent"


async def test_another_certificate_than_the_one_on_record_is_refused_at_the_first_reading(scene: Scene):
    scene.reader.pinned = "ab" * 32

    fact = await scene.reader.read()

    assert fact.error_code is ErrorCode.CERTIFICATE_CHANGED
    assert fact.certificate == scene.listener.certificate.sha256
    assert scene.controller.calls.total() == 0


async def test_what_this_process_met_first_counts_while_nothing_is_on_record():
    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        change_certificate_after_next_answer(controller, self_signed())

        fact = await reader.read()

        assert fact.error_code is ErrorCode.CERTIFICATE_CHANGED
        assert controller.secrets_received == 0
        assert controller.paths() == ["system_information"]


async def test_a_chain_that_verifies_is_accepted_and_so_is_its_renewal():
    authority = Authority()
    first, second = authority.issue(), authority.issue()
    async with (
        scripted_controller(first) as controller,
        cml_reader(
            controller.endpoint, credentials=CREDENTIALS, contexts=TLSContexts(verifying=authority.context)
        ) as reader,
    ):
        fact = await reader.read()
        assert fact.error_code is None
        assert (fact.certificate, fact.certificate_verified) == (first.sha256, True)

        await change_certificate(reader, controller, second)
        fact = await reader.read()

        assert fact.error_code is None
        assert (fact.certificate, fact.certificate_verified) == (second.sha256, True)
        assert reader.pinned == first.sha256


async def test_a_verified_certificate_is_not_followed_by_a_self_signed_one():
    authority = Authority()
    async with (
        scripted_controller(authority.issue()) as controller,
        cml_reader(
            controller.endpoint, credentials=CREDENTIALS, contexts=TLSContexts(verifying=authority.context)
        ) as reader,
    ):
        await reader.read()
        await change_certificate(reader, controller, self_signed())

        fact = await reader.read()

        assert fact.error_code is ErrorCode.CERTIFICATE_CHANGED
        assert controller.requests == []


async def test_a_chain_for_another_name_does_not_verify():
    authority = Authority()
    async with (
        scripted_controller(authority.issue(address="127.8.0.9")) as controller,
        cml_reader(
            controller.endpoint, credentials=CREDENTIALS, contexts=TLSContexts(verifying=authority.context)
        ) as reader,
    ):
        reader.pinned = self_signed().sha256

        fact = await reader.read()

        assert fact.error_code is ErrorCode.CERTIFICATE_CHANGED
        assert controller.requests == []


async def test_verify_demands_a_chain(scene: Scene):
    async with cml_reader(scene.listener.endpoint, credentials=CREDENTIALS, tls_mode=TLSMode.VERIFY) as reader:
        fact = await reader.read()

    assert fact.error_code is ErrorCode.TLS
    assert scene.controller.calls.total() == 0


async def test_verify_accepts_a_chain_and_reports_its_certificate():
    authority = Authority()
    identity = authority.issue()
    async with (
        scripted_controller(identity) as controller,
        cml_reader(
            controller.endpoint,
            credentials=CREDENTIALS,
            tls_mode=TLSMode.VERIFY,
            contexts=TLSContexts(verifying=authority.context),
        ) as reader,
    ):
        fact = await reader.read()

    assert fact.error_code is None
    assert (fact.certificate, fact.certificate_verified) == (identity.sha256, True)


async def test_insecure_accepts_anything_even_a_change(scene: Scene):
    async with cml_reader(
        scene.listener.endpoint, credentials=scene.reader.credentials.credentials, tls_mode=TLSMode.INSECURE
    ) as reader:
        first = await reader.read()
        scene.faults.set(FaultName.CERTIFICATE_CHANGED)
        second = await reader.read_until_good()

    assert first.error_code is second.error_code is None
    assert first.certificate != second.certificate
    assert not second.certificate_verified


def test_thousands_of_controllers_share_two_contexts():
    contexts = TLSContexts()

    assert contexts.unverified.verify_mode is ssl.CERT_NONE
    assert contexts.verifying.verify_mode is ssl.CERT_REQUIRED
    assert contexts.verifying.check_hostname
