"""What was never read does not pass for what there is not."""

from pathlib import Path

from tests.integration.cli.conftest import Fleet
from tests.support.product import served, simulated_cloud


def test_labs_and_licence_of_a_controller_that_never_answered(tmp_path: Path) -> None:
    with simulated_cloud(tmp_path, "--workers", "1") as cloud:
        cloud.fault("bad-gateway", "cml-worker-00001")
        with served(cloud.environment, tmp_path) as service:
            fleet = Fleet(cloud, service, tmp_path)
            service.until(
                lambda: any(worker["sources"]["cml"]["error_code"] for worker in service.workers().values()),
                what="the controller to be asked",
            )
            labs = fleet.cli("labs", "list", "--worker", "cml-worker-00001")
            assert (labs.returncode, labs.stderr) == (0, "its labs were not read: not_ready\n")
            labs = fleet.cli("labs", "list")
            words = "the labs of 1 worker were not read, or not all: cml-worker-00001 (not_ready)\n"
            assert (labs.returncode, labs.stderr) == (0, words)
            assert "not_ready" in fleet.cli("license", "show", "cml-worker-00001").stdout
