"""A controller that repeats what it was sent learns the secrets that are its own; nobody else reads them."""

import pytest
from aiohttp import web
from tests.support.cml_reader import BY_PERSON, cml_reader
from tests.support.scripted_controller import TOKEN, scripted_controller, self_signed

from cmlfleet.application.ports.sources import CMLCredentials
from cmlfleet.domain.facts import CMLFact

PASSWORD = "a-password-that-is-sent-back"
CREDENTIALS = CMLCredentials(username="admin", password=PASSWORD)


def all_that_is_said(fact: CMLFact) -> str:
    return repr(fact)


@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500, 503])
async def test_a_refused_sign_in_never_repeats_the_password(status: int) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        said = (await request.read()).decode()
        return web.json_response({"code": status, "description": f"cannot use {said}"}, status=status)

    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        controller.routes.update({"auth_extended": echo, "authenticate": echo})
        fact = await reader.read(BY_PERSON)

    assert fact.error_code is not None
    assert controller.secrets_received
    assert PASSWORD not in all_that_is_said(fact)


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_no_error_repeats_the_token(status: int) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        return web.json_response({"description": f"bad {request.headers['Authorization']}"}, status=status)

    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        controller.routes.update(dict.fromkeys(("system_stats", "labs", "system_health", "licensing"), echo))
        fact = await reader.read(BY_PERSON)

    assert fact.error_code is not None
    assert TOKEN not in all_that_is_said(fact)


async def test_other_errors_keep_their_description() -> None:
    async def explain(request: web.Request) -> web.StreamResponse:
        del request
        return web.json_response({"code": 500, "description": "the disk is full"}, status=500)

    async with (
        scripted_controller(self_signed()) as controller,
        cml_reader(controller.endpoint, credentials=CREDENTIALS) as reader,
    ):
        controller.routes["system_stats"] = explain
        fact = await reader.read(BY_PERSON)

    assert "the disk is full" in (fact.detail or "")
