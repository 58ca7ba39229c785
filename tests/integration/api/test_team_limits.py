"""Who is limited to a team sees and acts on its workers; all others are unknown to them."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio
from tests.support.service import RunningService, running_service
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKERS = 4
ON_A_WORKER: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"note": "mine"}),
    ("DELETE", "", None),
    ("POST", "/refresh", None),
    ("POST", "/diagnose", None),
    ("PUT", "/credentials", {"username": "u", "password": "p"}),
    ("DELETE", "/credentials", None),
    ("GET", "/labs", None),
    ("GET", "/license", None),
    ("GET", "/certificate", None),
    ("PUT", "/certificate", {"fingerprint": "ab" * 32}),
    ("GET", "/samples", None),
    ("GET", "/events", None),
]
CONCERN_THE_FLEET: list[tuple[str, str, Any]] = [
    ("GET", "/api/v1/system", None),
    ("GET", "/api/v1/tokens", None),
    ("POST", "/api/v1/tokens", {"name": "x", "role": "viewer"}),
    ("DELETE", "/api/v1/tokens/t-1", None),
    ("POST", "/api/v1/workers/import", {"region": "us-east-1", "instance_ids": ["i-1"]}),
]


@dataclass
class Teams:
    """Workers 1 and 2 are blue, 3 and 4 are red; `blue` and `red` sign in as admins limited to their team."""

    service: RunningService
    blue: dict[str, str]
    red: dict[str, str]
    blue_ids: list[str]
    red_ids: list[str]

    async def get(self, path: str, headers: dict[str, str], **parameters: str | int) -> Any:
        answer = await self.service.client.get(path, params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def teams(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Teams]:
    async with running_service(tmp_path_factory.mktemp("teams"), workers=WORKERS) as service:
        workers = await service.adopt_all()
        ids = sorted(worker["id"] for worker in workers)
        for index, worker_id in enumerate(ids):
            team = "blue" if index < WORKERS / 2 else "red"
            answer = await service.client.patch(f"/api/v1/workers/{worker_id}", json={"labels": {"team": team}})
            assert answer.status_code == 200, answer.text
        blue, red = [await _limited(service, team, role="admin") for team in ("blue", "red")]
        yield Teams(service, blue, red, ids[:2], ids[2:])


async def _limited(service: RunningService, team: str, *, role: str) -> dict[str, str]:
    body = {"name": f"{role} of {team}", "role": role, "limit": {"labels": [f"team={team}"]}}
    answer = await service.client.post("/api/v1/tokens", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["record"]["limit"] == {"labels": [f"team={team}"], "accounts": []}
    return service.as_(answer.json()["token"])


async def test_the_limit_is_told(teams: Teams) -> None:
    assert (await teams.get("/api/v1/me", teams.blue))["limit"] == {"labels": ["team=blue"], "accounts": []}


@pytest.mark.parametrize(("method", "path", "body"), ON_A_WORKER)
async def test_a_worker_of_another_team_is_as_unknown_as_one_that_does_not_exist(
    teams: Teams, method: str, path: str, body: Any
) -> None:
    client = teams.service.client

    async def ask(worker_id: str) -> httpx2.Response:
        return await client.request(method, f"/api/v1/workers/{worker_id}{path}", json=body, headers=teams.blue)

    foreign, missing = await ask(teams.red_ids[0]), await ask("w-none")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.text.replace(teams.red_ids[0], "w-none") == missing.text
    assert teams.red_ids[0] in {worker["id"] for worker in await teams.service.workers()}


async def test_a_worker_of_another_team_among_several_is_refused_in_the_trail(teams: Teams) -> None:
    client, action = teams.service.client, {"action": "RefreshWorkersCommand", "limit": 1}
    for worker_id, result, of in ((teams.red_ids[0], "refused", teams.red_ids[0]), ("w-none", "failed", None)):
        body = {"worker_ids": [worker_id]}
        answer = await client.post("/api/v1/workers/refresh", json=body, headers=teams.blue)
        assert answer.status_code == 404
        (entry,) = (await client.get("/api/v1/audit", params=action)).json()["items"]
        assert (entry["result"], entry["worker_id"]) == (result, of)


async def test_every_route_with_a_worker_is_among_those_tested(teams: Teams) -> None:
    document = (await teams.service.client.get("/api/v1/openapi.json")).json()
    prefix = "/api/v1/workers/{worker_id}"
    routes = {
        (method.upper(), path.removeprefix(prefix))
        for path, methods in document["paths"].items()
        if path.startswith(prefix)
        for method in methods
    }
    assert routes == {(method, path) for method, path, _ in ON_A_WORKER}


@pytest.mark.parametrize(("method", "path", "body"), CONCERN_THE_FLEET)
async def test_what_concerns_the_whole_fleet_is_refused(teams: Teams, method: str, path: str, body: Any) -> None:
    answer = await teams.service.client.request(method, path, json=body, headers=teams.blue)
    assert answer.status_code == 403, answer.text
    assert "team=blue" in answer.json()["detail"]


async def test_lists_totals_and_cursors_hold_the_teams_workers_alone(teams: Teams) -> None:
    first = await teams.get("/api/v1/workers", teams.blue, limit=1)
    second = await teams.get("/api/v1/workers", teams.blue, limit=1, cursor=first["next_cursor"])
    assert (first["total"], second["next_cursor"]) == (2, None)
    assert sorted(worker["id"] for worker in (*first["items"], *second["items"])) == teams.blue_ids
    with_a_foreign_cursor = await teams.get("/api/v1/workers", teams.red, limit=9, cursor=first["next_cursor"])
    assert {worker["id"] for worker in with_a_foreign_cursor["items"]} <= set(teams.red_ids)
    for asked in ({"label": "team=red"}, {"id.eq": teams.red_ids[0]}, {"q": teams.red_ids[0]}):
        assert (await teams.get("/api/v1/workers", teams.blue, **asked))["total"] == 0


async def test_the_fleet_is_the_teams_fleet(teams: Teams) -> None:
    of_blue = await teams.get("/api/v1/fleet", teams.blue)
    of_all = (await teams.service.client.get("/api/v1/fleet")).json()
    assert (of_blue["workers"]["total"], of_all["workers"]["total"]) == (2, 4)
    assert sum(count["workers"] for count in of_blue["by_region"].values()) == 2
    assert of_blue["labs"]["total"] < of_all["labs"]["total"]


async def test_labs_events_and_metrics_are_the_teams(teams: Teams) -> None:
    labs = await teams.get("/api/v1/labs", teams.blue)
    events = await teams.get("/api/v1/events", teams.blue, limit=1000)
    metrics = (await teams.service.client.get("/metrics", headers=teams.blue)).text
    assert labs["total"] == len(labs["items"]) > 0
    assert events["total"] == len(events["items"]) > 0
    assert {lab["worker_id"] for lab in labs["items"]} == set(teams.blue_ids)
    assert {event["worker_id"] for event in events["items"]} == set(teams.blue_ids)
    assert (await teams.get("/api/v1/events", teams.blue, worker_id=teams.red_ids[0]))["total"] == 0
    assert all(worker_id in metrics for worker_id in teams.blue_ids)
    assert not any(worker_id in metrics for worker_id in teams.red_ids)
    assert "cmlfleet_aws_calls_total" not in metrics


async def test_refreshing_all_refreshes_the_team(teams: Teams) -> None:
    client = teams.service.client
    answer = await client.post("/api/v1/workers/refresh", json={}, headers=teams.blue)
    operation = answer.json()
    assert sorted(item["worker_id"] for item in operation["items"]) == teams.blue_ids
    named = await client.post(
        "/api/v1/workers/refresh", json={"worker_ids": [*teams.blue_ids, *teams.red_ids]}, headers=teams.blue
    )
    assert (named.status_code, teams.red_ids[0] in named.text) == (404, True)

    async def seen_by(headers: dict[str, str] | None) -> tuple[int, bool]:
        one = await client.get(f"/api/v1/operations/{operation['id']}", headers=headers)
        listed = await client.get("/api/v1/operations", headers=headers)
        return one.status_code, operation["id"] in listed.text

    assert await seen_by(teams.blue) == (200, True)
    assert await seen_by(None) == (200, True)
    assert await seen_by(teams.red) == (404, False)
    for worker_id in teams.blue_ids:
        await teams.service.refresh(worker_id)


async def test_the_whole_fleets_operations_are_not_a_teams(teams: Teams) -> None:
    operation = (await teams.service.client.post("/api/v1/workers/refresh", json={})).json()
    answer = await teams.service.client.get(f"/api/v1/operations/{operation['id']}", headers=teams.blue)
    assert answer.status_code == 404


@pytest.mark.parametrize("change", [{"team": "red"}, {"team": None}, {"team": "blue", "other": "x"}])
async def test_a_team_cannot_give_its_workers_away(teams: Teams, change: dict[str, str | None]) -> None:
    operator = teams.service.as_(await teams.service.token_of("operator"))
    path = f"/api/v1/workers/{teams.blue_ids[0]}"
    for headers in (teams.blue, operator):
        answer = await teams.service.client.patch(path, json={"labels": change}, headers=headers)
        assert answer.status_code == 403, answer.text
        assert "team" in answer.json()["detail"]
        free = await teams.service.client.patch(path, json={"labels": {"room": "x"}}, headers=headers)
        assert free.status_code == 200, free.text


async def test_an_instances_tags_do_not_move_it_into_a_team(teams: Teams) -> None:
    simulated = next(iter(teams.service.simulator.fleet.workers.values())).instance
    simulated.tags["team"] = "blue"
    for worker_id in teams.red_ids:
        await teams.service.refresh(worker_id)
    assert (await teams.get("/api/v1/workers", teams.blue))["total"] == 2


async def test_the_stream_carries_the_teams_changes_alone(teams: Teams) -> None:
    client, heard = teams.service.client, list[dict[str, Any]]()

    async def listen() -> None:
        async with client.stream("GET", "/api/v1/stream", headers=teams.blue, timeout=None) as response:
            assert response.status_code == 200
            connected.set()
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    heard.append(msgspec.json.decode(line.removeprefix("data:")))

    connected = asyncio.Event()
    listening = asyncio.ensure_future(listen())
    await connected.wait()
    try:
        for worker_id in (teams.red_ids[0], teams.blue_ids[0]):
            await client.patch(f"/api/v1/workers/{worker_id}", json={"note": f"to {worker_id}"})
        await until(lambda: any(data.get("id") == teams.blue_ids[0] for data in heard), timeout_seconds=20)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert not any(data.get("id") in teams.red_ids for data in heard)


async def test_a_forgotten_workers_history_stays_with_its_team(teams: Teams) -> None:
    forgotten = teams.blue_ids[1]
    assert (await teams.service.client.delete(f"/api/v1/workers/{forgotten}", headers=teams.blue)).status_code == 204
    of_blue = await teams.get("/api/v1/events", teams.blue, worker_id=forgotten)
    of_red = await teams.get("/api/v1/events", teams.red, worker_id=forgotten)
    assert of_blue["items"][0]["type"] == "CMLWorkerForgottenDomainEvent"
    assert of_red["total"] == 0


async def test_a_limit_to_an_account_that_nobody_has_shows_nothing(teams: Teams) -> None:
    body = {"name": "elsewhere", "role": "viewer", "limit": {"accounts": ["999999999999"]}}
    made = (await teams.service.client.post("/api/v1/tokens", json=body)).json()
    headers = teams.service.as_(made["token"])
    assert (await teams.get("/api/v1/workers", headers))["total"] == 0
    fleet = await teams.get("/api/v1/fleet", headers)
    assert (fleet["workers"]["total"], fleet["regions"]) == (0, [])
