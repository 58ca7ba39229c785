"""The floor: what the work costs at least. No product code, no record, no events, no errors that anybody handles.

It puts the same requests on the wire as the product's background refreshes: the pages of EC2, the due series of
CloudWatch, 500 a call, and of each controller what is due. It parses the answers (lxml, orjson) and writes the same
rows of the same table in bulk. Controllers are asked in one of two ways: with aiohttp, the quickest client library
that keeps ten thousand connections within the memory (`docs/adr/0004`), or with less than a library: requests built
beforehand on uvloop's TLS, answers cut by llhttp.
"""

import asyncio
import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import uvloop
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - without types
from sqlalchemy import create_engine

from bench.floor_controllers import CALLS, EVERY_MINUTE, Connection, Controller, controllers_by
from cmlfleet.persistence import tables

GROUP = 250  # controllers read at the same time, as the product's groups are
FIVE = 5  # rounds: an interval is a minute
_NEVER_CHANGED = ("id", "account_id", "region", "instance_id", "created_at")
_UPDATED = [column.name for column in tables.workers.c if column.name not in _NEVER_CHANGED]
_SEARCH = 160  # characters of the words that one may search by


def _usual(column: Any) -> Any:
    """A value as long as the product's, for what the floor has no figure of its own for."""
    if column.name == "search":
        return "x" * _SEARCH
    if isinstance(column.type, tables.UTCDateTime):
        return "2026-01-31 12:00:00.000000"
    return "x" * 12 if isinstance(column.type, tables.PlainText) else 1


_USUAL = {column.name: _usual(column) for column in tables.workers.c if column.name in _UPDATED}


class Aws:
    """One account and region."""

    def __init__(self, scope: dict[str, str], connection: Connection, host: str) -> None:
        credentials = Credentials(scope["access_key"], scope["secret_key"], scope["session_token"] or None)
        self._signers = {name: SigV4Auth(credentials, name, scope["region"]) for name in ("ec2", "monitoring")}
        self._connection = connection
        self._host = host
        self.account_id, self.region = scope["account_id"], scope["region"]

    async def ask(self, service: str, body: bytes, headers: dict[str, str]) -> bytes:
        request = AWSRequest(method="POST", url=f"http://{self._host}/", data=body, headers=headers)
        self._signers[service].add_auth(request)
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        text = f"POST / HTTP/1.1\r\nHost: {self._host}\r\n{head}Content-Length: {len(body)}\r\n\r\n"
        CALLS[headers.get("X-Amz-Target", "").rpartition(".")[2] or body.decode().split("&")[0][7:]] += 1
        return await self._connection.ask(text.encode() + body)

    async def pages(self, operation: str, more: str = "") -> list[Any]:
        """The roots of all pages."""
        roots: list[Any] = []
        token = ""
        while True:
            body = f"Action={operation}&Version=2016-11-15&MaxResults=1000{more}{token}".encode()
            answer = await self.ask("ec2", body, {"Content-Type": "application/x-www-form-urlencoded"})
            roots.append(etree.fromstring(answer))  # pyright: ignore[reportUnknownMemberType]
            found = roots[-1].find("{*}nextToken")
            if found is None:
                return roots
            token = f"&NextToken={found.text}"


async def connect_aws(scope: dict[str, str], host: str) -> Aws:
    address, _, port = host.partition(":")
    _, connection = await asyncio.get_running_loop().create_connection(Connection, address, int(port))
    return Aws(scope, connection, host)


def fields_of(item: Any) -> dict[str, Any]:
    """What a record is made from; nested elements as they are."""
    found: dict[str, Any] = {}
    for child in item:
        name = child.tag.rpartition("}")[2]
        if name == "tagSet":
            found[name] = {tag[0].text: tag[1].text for tag in child}
        elif len(child):
            found[name] = {each.tag.rpartition("}")[2]: each.text for each in child}
        else:
            found[name] = child.text
    return found


async def instances_of(aws: Aws) -> dict[str, dict[str, Any]]:
    described, statuses = [
        await aws.pages("DescribeInstances"),
        await aws.pages("DescribeInstanceStatus", "&IncludeAllInstances=true"),
    ]
    found: dict[str, dict[str, Any]] = {}
    for root in described:
        for item in root.iterfind("{*}reservationSet/{*}item/{*}instancesSet/{*}item"):
            fields = fields_of(item)
            found[fields["instanceId"]] = fields
    for root in statuses:
        for item in root.iterfind("{*}instanceStatusSet/{*}item"):
            fields = fields_of(item)
            found[fields["instanceId"]]["checks"] = fields
    return found


def series_of(fields: dict[str, Any], agents: dict[str, Any]) -> list[dict[str, Any]]:
    instance_id = fields["instanceId"]
    cpu = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
    }
    metrics = [cpu, *([agents[instance_id]] if instance_id in agents else [])]
    period = 60 if fields["monitoring"]["state"] == "enabled" else 300
    return [{"MetricStat": {"Metric": metric, "Period": period, "Stat": "Average"}} for metric in metrics]


def is_due(fields: dict[str, Any], number: int, round_number: int) -> bool:
    return fields["monitoring"]["state"] == "enabled" or number % FIVE == round_number % FIVE


async def cloudwatch(aws: Aws, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
    }
    return orjson.loads(await aws.ask("monitoring", orjson.dumps(payload), headers))


async def agents_of(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = {}
    payload: dict[str, Any] = {"Namespace": "CWAgent", "MetricName": "mem_used_percent"}
    while True:
        listed = await cloudwatch(aws, "ListMetrics", payload)
        for metric in listed["Metrics"]:
            instance_id = next((d["Value"] for d in metric["Dimensions"] if d["Name"] == "InstanceId"), None)
            if instance_id is not None:
                found[instance_id] = metric
        if not listed.get("NextToken"):
            return found
        payload["NextToken"] = listed["NextToken"]


async def metrics_of(aws: Aws, due: list[dict[str, Any]], agents: dict[str, Any]) -> None:
    series = [each for fields in due for each in series_of(fields, agents)]
    now = int(time.time())
    for start in range(0, len(series), 500):
        queries = [{"Id": f"q{n}", **each} for n, each in enumerate(series[start : start + 500])]
        span = {"StartTime": now // 300 * 300 - 900, "EndTime": now // 300 * 300 + 300}
        await cloudwatch(
            aws, "GetMetricData", {"MetricDataQueries": queries, **span, "ScanBy": "TimestampDescending"}
        )


class Floor:
    """Rounds over the whole fleet."""

    def __init__(self, task: dict[str, Any], folder: Path, make_controller: Callable[[str], Controller]) -> None:
        self._task = task
        self._make_controller = make_controller
        self._file = folder / "floor.db"
        self._controllers: dict[str, Controller] = {}
        self._agents: list[dict[str, Any]] = []
        self._scopes: list[Aws] = []
        self._known: list[dict[str, dict[str, Any]]] = []

    async def prepare(self) -> int:
        """Sign in everywhere, and have a row of each worker; how many workers there are."""
        host = self._task["aws_url"].removeprefix("http://")
        self._scopes = [await connect_aws(scope, host) for scope in self._task["scopes"]]
        self._known = [await instances_of(aws) for aws in self._scopes]
        self._agents = [await agents_of(aws) for aws in self._scopes]
        for known in self._known:
            for instance_id, fields in known.items():
                self._controllers[instance_id] = self._make_controller(fields["tagSet"]["cmlfleet:endpoint"])
        waiting = list(self._controllers.values())
        for start in range(0, len(waiting), GROUP):
            await asyncio.gather(
                *(
                    controller.sign_in(self._task["username"], self._task["password"])
                    for controller in waiting[start : start + GROUP]
                )
            )
        engine = create_engine(f"sqlite:///{self._file}")
        tables.metadata.create_all(engine, tables=[tables.workers, tables.samples])
        engine.dispose()
        with sqlite3.connect(self._file) as database:
            database.execute("PRAGMA journal_mode=WAL")
            columns = list(tables.workers.c.keys())
            insert = f"INSERT INTO workers ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
            for instance_id in self._controllers:
                names = {"id", "instance_id"}
                database.execute(insert, [instance_id if name in names else "x" for name in columns])
        return len(self._controllers)

    async def round(self, number: int) -> None:
        """Everything that is due in this interval."""
        instances: dict[str, dict[str, Any]] = {}
        for index, aws in enumerate(self._scopes):
            found = await instances_of(aws)
            due = [fields for n, fields in enumerate(found.values()) if is_due(fields, n, number)]
            await metrics_of(aws, due, self._agents[index])
            instances.update(found)
        workers = list(self._controllers.items())
        for start in range(0, len(workers), GROUP):
            part = workers[start : start + GROUP]
            readings = await asyncio.gather(
                *(
                    controller.read(everything=(start + n) % FIVE == number % FIVE)
                    for n, (_, controller) in enumerate(part)
                )
            )
            self._write([(each, instances[each], reading) for (each, _), reading in zip(part, readings, strict=True)])

    def _write(self, readings: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
        read_at = datetime.now(UTC)
        now, earlier = read_at.isoformat(" "), (read_at - timedelta(minutes=10)).isoformat(" ")
        rows: list[list[Any]] = []
        samples: list[tuple[Any, ...]] = []
        for instance_id, fields, reading in readings:
            stats = reading["system_stats"]["all"]
            row: dict[str, Any] = dict(_USUAL)
            row |= {
                "document": orjson.dumps([fields, reading]).ljust(6000),
                "name": fields["tagSet"]["Name"],
                "status": fields["instanceState"]["name"],
                "cpu_utilization": stats["cpu"]["percent"],
                "memory_utilization": 100 * stats["memory"]["used"] / stats["memory"]["total"],
                "last_refreshed_at": now,
                "last_cml_api_sync_at": now,
            }
            rows.append([*row.values(), instance_id])
            labs = len(reading["labs?show_all=true"])
            samples.append((instance_id, now, row["cpu_utilization"], row["memory_utilization"], 1.0, labs, labs, 1))
            if len(reading) > len(EVERY_MINUTE):  # CloudWatch's point, which is a sample of its own
                samples.append((instance_id, earlier, row["cpu_utilization"], None, None, None, None, None))
        settings = ",".join(f"{name}=?" for name in _UPDATED)
        with sqlite3.connect(self._file) as database:
            database.execute("PRAGMA synchronous=NORMAL")
            database.executemany(f"UPDATE workers SET {settings} WHERE id=?", rows)
            database.executemany("INSERT INTO samples VALUES (?,?,?,?,?,?,?,?)", samples)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(folder: Path) -> None:
    """Reads the task from standard input; one line of JSON when ready, and after a line more one for each round."""
    task = json.loads(sys.stdin.readline())
    async with controllers_by(task["client"]) as make_controller:
        await run(task, Floor(task, folder, make_controller))


async def run(task: dict[str, Any], floor: Floor) -> None:
    workers = await floor.prepare()
    await floor.round(0)
    print(json.dumps({"workers": workers}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for number in range(1, task["rounds"] + 1):
        began = time.monotonic()
        CALLS.clear()
        before = cpu_seconds()
        await floor.round(number)
        used = cpu_seconds() - before
        print(json.dumps({"round": number, "cpu_seconds": used, "calls": CALLS}), flush=True)
        await asyncio.sleep(max(0.0, task["interval_seconds"] - (time.monotonic() - began)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"memory_mib": round(peak)}), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        uvloop.run(main(Path(place)))
