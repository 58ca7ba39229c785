"""Signing in: seldom, once for all who ask, and never in circles."""

import asyncio
from dataclasses import replace

import pytest
from tests.integration.cml.conftest import GOOD, Scene
from tests.support.cml_reader import BY_PERSON

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.sources import CMLPart, ErrorCode, Outcome
from cmlfleet.simulator.fault_catalogue import FaultName

WRONG = replace(GOOD, password="not-the-password")
PUBLIC = {CMLPart.SYSTEM_INFORMATION}


async def test_many_readings_need_one_sign_in(scene: Scene):
    good = await scene.reader.read()
    for _ in range(5):
        good = await scene.reader.read()

    assert good.error_code is None
    assert scene.controller.calls.sign_ins == 1


async def test_fifty_readings_at_once_need_one_sign_in(scene: Scene):
    facts = await asyncio.gather(*[scene.reader.read() for _ in range(50)])

    assert {fact.error_code for fact in facts} == {None}
    assert scene.controller.calls.sign_ins == 1


async def test_a_wrong_password_leaves_what_is_public(scene: Scene):
    scene.reader.credentials.credentials = WRONG
    scene.controller.set_maintenance(is_on=False)

    fact = await scene.reader.read()

    assert fact.error_code is ErrorCode.UNAUTHORIZED
    assert fact.has_credentials
    assert fact.system_information is not None
    assert fact.maintenance_mode is False
    assert {part for part, status in fact.parts.items() if status.outcome is Outcome.OK} == PUBLIC
    assert {status.error_code for part, status in fact.parts.items() if part not in PUBLIC} == {
        ErrorCode.UNAUTHORIZED
    }


async def test_a_wrong_password_is_tried_once_by_fifty_readings_at_once(scene: Scene):
    scene.reader.credentials.credentials = WRONG

    facts = await asyncio.gather(*[scene.reader.read(BY_PERSON) for _ in range(50)])

    assert {fact.error_code for fact in facts} == {ErrorCode.UNAUTHORIZED}
    assert scene.controller.calls.sign_ins == 1


async def test_a_wrong_password_is_tried_again_after_minutes_only(scene: Scene):
    scene.reader.credentials.credentials = WRONG
    for _ in range(10):
        await scene.reader.read()
    assert scene.controller.calls.sign_ins == 1

    scene.reader.clock.advance(300)
    for _ in range(10):
        await scene.reader.read()
    assert scene.controller.calls.sign_ins == 2

    scene.reader.clock.advance(300)
    await scene.reader.read()
    assert scene.controller.calls.sign_ins == 2, "the wait grows"


async def test_a_person_tries_a_refused_password_again_at_once(scene: Scene):
    scene.faults.set(FaultName.WRONG_PASSWORD)
    assert (await scene.reader.read()).error_code is ErrorCode.UNAUTHORIZED
    scene.faults.clear()
    assert (await scene.reader.read()).error_code is ErrorCode.UNAUTHORIZED

    assert (await scene.reader.read(BY_PERSON)).error_code is None


async def test_other_credentials_are_tried_at_once(scene: Scene):
    scene.reader.credentials.credentials = WRONG
    assert (await scene.reader.read()).error_code is ErrorCode.UNAUTHORIZED

    scene.reader.credentials.credentials = GOOD

    assert (await scene.reader.read()).error_code is None


async def test_changed_credentials_are_proven_and_not_the_old_token_used(scene: Scene):
    assert (await scene.reader.read()).error_code is None

    scene.reader.credentials.credentials = WRONG

    assert (await scene.reader.read()).error_code is ErrorCode.UNAUTHORIZED


async def test_without_credentials_only_the_public_parts_are_read(scene: Scene):
    scene.reader.credentials.credentials = None
    scene.controller.set_maintenance(is_on=True)

    fact = await scene.reader.read()

    assert not fact.has_credentials
    assert fact.error_code is None
    assert fact.parts.keys() == PUBLIC
    assert fact.system_information is not None
    assert fact.maintenance_mode is True
    assert scene.controller.calls.sign_ins == 0


async def test_a_dead_token_costs_one_sign_in(scene: Scene):
    good = await scene.reader.read()
    scene.controller.tokens.revoke_everything()

    fact = await scene.reader.read_again(good)

    assert fact.error_code is None
    assert scene.controller.calls.sign_ins == 2


async def test_a_dead_token_costs_fifty_readings_at_once_one_sign_in(scene: Scene):
    await scene.reader.read()
    scene.controller.tokens.revoke_everything()

    facts = await asyncio.gather(*[scene.reader.read() for _ in range(50)])

    assert {fact.error_code for fact in facts} == {None}
    assert scene.controller.calls.sign_ins == 2


async def test_tokens_that_die_again_and_again_are_no_loop(scene: Scene):
    await scene.reader.read()
    scene.faults.set(FaultName.TOKEN_EXPIRED)

    facts = [await scene.reader.read() for _ in range(20)]

    assert {fact.error_code for fact in facts} == {ErrorCode.UNAUTHORIZED}
    assert scene.controller.calls.sign_ins == 2

    scene.reader.clock.advance(60)
    await scene.reader.read()
    assert scene.controller.calls.sign_ins == 3, "a token that was refused when it was new is not replaced at once"

    scene.faults.clear()
    scene.reader.clock.advance(120)
    assert (await scene.reader.read()).error_code is None


async def test_a_token_is_renewed_before_it_ends(scene: Scene):
    scene.controller.tokens.lifetime_seconds = 300
    good = await scene.reader.read()
    scene.reader.clock.advance(260)
    assert (await scene.reader.read_again(good)).error_code is None
    assert scene.controller.calls.sign_ins == 1

    scene.reader.clock.advance(15)

    assert (await scene.reader.read_again(good)).error_code is None
    assert scene.controller.calls.sign_ins == 2
    assert scene.controller.calls.of("GET", "/api/v0/system_stats", 401) == 0


async def test_a_rate_limit_is_waited_out(scene: Scene):
    scene.faults.set(FaultName.LOGIN_RATE_LIMITED)
    facts = [await scene.reader.read() for _ in range(5)]
    assert {fact.error_code for fact in facts} == {ErrorCode.THROTTLED}
    assert scene.controller.calls.sign_ins == 1

    scene.faults.clear()
    scene.reader.clock.advance(60)

    assert (await scene.reader.read()).error_code is None


async def test_maintenance_locks_out_whoever_is_no_administrator_until_it_ends(scene: Scene):
    scene.faults.set(FaultName.NOT_ADMIN)
    scene.controller.set_maintenance(is_on=True)

    facts = [await scene.reader.read() for _ in range(5)]

    assert {fact.error_code for fact in facts} == {ErrorCode.MAINTENANCE}
    assert all(fact.maintenance_mode for fact in facts)
    assert scene.controller.calls.sign_ins == 1

    scene.controller.set_maintenance(is_on=False)
    assert (await scene.reader.read()).error_code is None


async def test_administrators_are_let_in_during_maintenance(scene: Scene):
    scene.controller.set_maintenance(is_on=True)

    fact = await scene.reader.read()

    assert fact.error_code is None
    assert fact.maintenance_mode is True


async def test_a_ready_token_is_used_as_it_is(scene: Scene):
    controller = scene.controller
    token = controller.tokens.issue(
        controller.users.by_name("admin"), now=controller.clock.now(), monotonic=controller.clock.monotonic()
    )
    scene.reader.credentials.credentials = CMLCredentials(token=token)

    fact = await scene.reader.read()
    assert fact.error_code is None
    assert controller.calls.sign_ins == 0

    controller.tokens.revoke_everything()
    facts = [await scene.reader.read() for _ in range(3)]
    assert {fact.error_code for fact in facts} == {ErrorCode.UNAUTHORIZED}
    assert controller.calls.sign_ins == 0


async def test_forgetting_a_worker_forgets_its_token(scene: Scene):
    await scene.reader.read()

    await scene.reader.source.forget(scene.reader.worker_id)

    assert (await scene.reader.read()).error_code is None
    assert scene.controller.calls.sign_ins == 2


@pytest.mark.parametrize("name", [FaultName.NOT_ADMIN, FaultName.LICENSE_DENIED])
async def test_who_may_not_see_the_licence_still_reads_the_rest(scene: Scene, name: FaultName):
    scene.faults.set(name)

    fact = await scene.reader.read()

    assert fact.error_code is None
    assert fact.license is None
    assert fact.is_admin is (name is not FaultName.NOT_ADMIN)
    assert fact.license_reason == ("not_admin" if name is FaultName.NOT_ADMIN else "access_denied")
    assert fact.parts[CMLPart.LICENCE].error_code is ErrorCode.ACCESS_DENIED
    assert fact.parts[CMLPart.HEALTH].outcome is Outcome.OK
    assert fact.statistics is not None


async def test_no_secret_is_in_a_fact(scene: Scene):
    scene.reader.credentials.credentials = WRONG
    fact = await scene.reader.read()

    assert WRONG.password is not None
    assert WRONG.password not in repr(fact)
    assert WRONG.password not in repr(WRONG)
