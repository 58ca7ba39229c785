"""`cmlfleet simulate --scenario multi` and a service that reaches all of it, with what the simulator prints alone."""

from pathlib import Path

from tests.support.product import served, simulated_cloud

WORKERS = 16


def test_what_the_simulator_prints_reaches_every_account_and_region(tmp_path: Path) -> None:
    with simulated_cloud(tmp_path, "--scenario", "multi", "--workers", str(WORKERS)) as cloud:
        cloud.running.says("in cmlfleet.toml")
        words, _, tables = "".join(cloud.running.err).partition("\n\n")
        assert "accounts" in words
        (tmp_path / "cmlfleet.toml").write_text(tables)
        with served(cloud.environment, tmp_path) as service:
            service.until(
                lambda: [worker["health"] for worker in service.workers().values()] == ["ready"] * WORKERS,
                what="every worker of both accounts to be ready",
            )
            fleet = service.get("/api/v1/fleet")
            scopes = {(scope["account_id"], scope["region"]): scope["outcome"] for scope in fleet["regions"]}
            assert len(scopes) == 8
            assert set(scopes.values()) == {"ok"}
