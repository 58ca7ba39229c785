"""The service itself: alive, ready, its metrics, who is asking, what is otherwise read from logs."""

from pathlib import Path

import pytest
from tests.support.service import RunningService, running_service

from cmlfleet import __version__

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_alive(service: RunningService) -> None:
    answer = await service.client.get("/healthz", headers=service.as_(None))
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": __version__})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_probe_may_ask_without_a_body(service: RunningService, path: str) -> None:
    answer = await service.client.head(path, headers=service.as_(None))
    assert (answer.status_code, answer.content) == (200, b"")


async def test_no_answer_leads_to_the_host_that_a_request_names(service: RunningService) -> None:
    answer = await service.client.get("/api/v1/workers/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)


async def test_ready_with_its_parts_for_whoever_is_signed_in(service: RunningService) -> None:
    stranger = await service.client.get("/readyz", headers=service.as_(None))
    wrong = await service.client.get("/readyz", headers=service.as_("wrong"))
    viewer = await service.client.get("/readyz", headers=service.as_(await service.token_of("viewer")))
    assert stranger.json() == wrong.json() == {"status": "ready"}
    assert viewer.json()["status"] == "ready"
    assert viewer.json()["parts"]["database"] == viewer.json()["parts"]["aws"] == "ok"


async def test_a_throttled_operation_is_among_the_parts(service: RunningService) -> None:
    worker = (await service.workers())[0]
    service.simulator.faults.set("throttling", operation="DescribeInstances")
    await service.refresh(worker["id"])
    service.simulator.faults.clear("throttling")
    parts = (await service.client.get("/readyz")).json()["parts"]
    assert parts["aws_throttled"] == ["DescribeInstances in us-east-1"]
    budgets = (await service.client.get("/api/v1/system")).json()["aws_budgets"]
    throttled = [budget for budget in budgets if budget["throttled"]]
    assert [budget["operation"] for budget in throttled] == ["DescribeInstances"]
    (really,) = [each for each in service.service.sources.aws.budgets.snapshot() if each.factor < 1]
    assert throttled[0]["rate_per_second"] == pytest.approx(really.refill_per_second, rel=0.2)


async def test_the_system_is_told_to_every_role(service: RunningService) -> None:
    system = (await service.client.get("/api/v1/system")).json()
    assert (system["version"], system["database"]) == (__version__, "sqlite")
    assert system["roles"] == ["api", "scheduler", "worker"]
    (group,) = system["groups"]
    assert (group["region"], group["workers"]) == ("us-east-1", 3)
    assert group["next_fire_at"] is not None
    assert system["outbox_pending"] == 0
    asked = service.service.sources.aws.metric_data.metrics_requested
    assert (
        system["processes"][0]["cloudwatch_metrics_requested"] == system["cloudwatch"]["metrics_requested"] == asked
    )
    assert asked > 0
    for role in ("viewer", "operator"):
        told = await service.client.get("/api/v1/system", headers=service.as_(await service.token_of(role)))
        assert (told.status_code, told.json()["groups"][0]["id"]) == (200, group["id"])


async def test_who_is_signed_in_with_what_role(service: RunningService) -> None:
    for role in ("viewer", "operator", "admin"):
        me = (await service.client.get("/api/v1/me", headers=service.as_(await service.token_of(role)))).json()
        assert (me["name"], me["role"]) == (f"test {role}", role)


async def test_metrics_need_a_viewers_token(service: RunningService) -> None:
    stranger = await service.client.get("/metrics", headers=service.as_(None))
    viewer = await service.client.get("/metrics", headers=service.as_(await service.token_of("viewer")))
    assert (stranger.status_code, stranger.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert viewer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for worker in await service.workers():
        assert f'cml_worker_status{{worker_id="{worker["id"]}",region="us-east-1",status="running"}} 1' in viewer.text


async def test_metrics_are_open_when_the_configuration_says_so(tmp_path: Path) -> None:
    async with running_service(tmp_path, workers=1, metrics_public="true") as service:
        await service.adopt_all()
        stranger = await service.client.get("/metrics", headers=service.as_(None))
        other = await service.client.get("/api/v1/workers", headers=service.as_(None))
    assert stranger.status_code == 200
    assert "cml_worker_status{" in stranger.text
    assert other.status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/workers", "/metrics/x"])
async def test_where_there_is_nothing_a_problem_document_says_so(service: RunningService, path: str) -> None:
    answer = await service.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == f"there is nothing at {path}"
