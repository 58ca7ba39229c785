"""What one would otherwise write: boto3 and Cisco's virl2_client, a worker at a time, in a pool of threads.

Clients are kept from one sweep to the next, so that nothing but the work is measured; what it learns it only prints.
"""

import json
import logging
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from virl2_client import ClientLibrary

THREADS = 16
RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=THREADS)


class Fleet:
    """The workers of one account and region each."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        self._clients: dict[tuple[str, str], tuple[Any, Any]] = {}
        self._controllers: dict[str, ClientLibrary] = {}
        self.workers: list[tuple[tuple[str, str], str, str]] = []
        for scope in task["scopes"]:
            session = boto3.Session(
                aws_access_key_id=scope["access_key"],
                aws_secret_access_key=scope["secret_key"],
                aws_session_token=scope["session_token"] or None,
                region_name=scope["region"],
            )
            key = (scope["account_id"], scope["region"])
            ec2 = session.client("ec2", endpoint_url=task["aws_url"], config=RETRIES)
            cloudwatch = session.client("cloudwatch", endpoint_url=task["aws_url"], config=RETRIES)
            self._clients[key] = (ec2, cloudwatch)
            pages = ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
            for page in pages:
                for reservation in page["Reservations"]:
                    for instance in reservation["Instances"]:
                        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
                        self.workers.append((key, instance["InstanceId"], tags["cmlfleet:endpoint"]))
        self.workers = self.workers[: task["workers"]]

    def refresh(self, worker: tuple[tuple[str, str], str, str]) -> dict[str, Any]:
        """One worker from its three sources."""
        key, instance_id, endpoint = worker
        ec2, cloudwatch = self._clients[key]
        described = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        status = ec2.describe_instance_status(InstanceIds=[instance_id], IncludeAllInstances=True)
        figures = cloudwatch.get_metric_data(
            MetricDataQueries=[
                {
                    "Id": name,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": namespace,
                            "MetricName": metric,
                            "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
                        },
                        "Period": 300,
                        "Stat": "Average",
                    },
                }
                for name, namespace, metric in (
                    ("cpu", "AWS/EC2", "CPUUtilization"),
                    ("memory", "CWAgent", "mem_used_percent"),
                )
            ],
            StartTime=datetime.now(UTC) - timedelta(minutes=15),
            EndTime=datetime.now(UTC),
        )
        client = self._controllers.get(endpoint)
        if client is None:
            client = ClientLibrary(endpoint, self._task["username"], self._task["password"], ssl_verify=False)
            self._controllers[endpoint] = client
        return {
            "state": described["State"]["Name"],
            "checks": status["InstanceStatuses"][0]["InstanceStatus"]["Status"],
            "figures": figures["MetricDataResults"],
            "system": client.system_info(),
            "statistics": client.get_system_stats(),
            "labs": client.get_lab_list(show_all=True),
        }

    def sweep(self) -> int:
        """Every worker once; how many could be read. EC2 throttles a call for each instance from some hundreds on."""
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(self._is_read, self.workers))

    def _is_read(self, worker: tuple[tuple[str, str], str, str]) -> bool:
        try:
            self.refresh(worker)
        except ClientError:
            return False
        return True


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Reads the task from standard input; a first sweep signs in everywhere, then one that is measured."""
    urllib3.disable_warnings()
    logging.disable(logging.WARNING)  # virl2_client says of each controller that its certificate is not checked
    fleet = Fleet(json.loads(sys.stdin.readline()))
    fleet.sweep()
    print(json.dumps({"workers": len(fleet.workers)}), flush=True)
    before = cpu_seconds()
    read = fleet.sweep()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"read": read, "cpu_seconds": cpu_seconds() - before, "memory_mib": round(peak)}), flush=True)


if __name__ == "__main__":
    main()
