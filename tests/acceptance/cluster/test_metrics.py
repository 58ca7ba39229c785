"""Whichever process is scraped, it shows the fleet as it is saved, whoever refreshed it."""

from tests.acceptance.cluster.conftest import WORKERS
from tests.support.cluster import Cluster


def _workers_in(series: dict[str, str]) -> list[str]:
    return [name for name in series if name.startswith("cml_worker_info{")]


def test_every_process_shows_each_worker_once_with_the_same_values(cluster: Cluster) -> None:
    processes = api, *_ = cluster.start_all("api", "scheduler", "worker", "worker")
    cluster.until_all_ready(api, WORKERS)
    cluster.until_refreshed(api)

    def agree(workers: int) -> bool:
        first, *others = (process.metrics() for process in processes)
        return len(_workers_in(first)) == workers and all(each == first for each in others)

    cluster.until(lambda: agree(WORKERS), what="the same values everywhere")
    cluster.cloud.in_console("cml-worker-00001", "terminate")
    cluster.until(lambda: agree(WORKERS - 1), what="one less everywhere")
