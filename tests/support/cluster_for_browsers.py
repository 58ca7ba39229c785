"""A cluster for tests in a browser: prints its API's address and token, and ends with its standard input."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.cluster import running_cluster
from tests.support.postgres import running_postgres
from tests.support.product import TOKEN, simulated_cloud
from tests.support.redis_server import running_redis

WORKERS = 3


def main() -> None:
    """Two processes: one answers and leads, the other refreshes."""
    with (
        TemporaryDirectory() as folder,
        simulated_cloud(Path(folder), "--workers", str(WORKERS)) as cloud,
        running_postgres() as postgres,
        running_redis() as redis,
        running_cluster(cloud, postgres, postgres.new_database(), redis, Path(folder)) as cluster,
    ):
        migrated = cluster.command("migrate")
        assert migrated.returncode == 0, migrated.stderr
        front, _ = cluster.start_all("api,scheduler", "worker")
        cluster.until_all_ready(front, WORKERS)
        print(json.dumps({"url": front.url, "token": TOKEN}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
