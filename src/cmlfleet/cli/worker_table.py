"""Workers as rows."""

from typing import Any

from cmlfleet.cli import words
from cmlfleet.cli.layout import Cell, Column

IDLE_SECONDS = 3600  # a class takes breaks; an hour without any running node is no break
NEARLY_FULL_PERCENT = 90
WORTH_TELLING_SECONDS = 60


def _figure(worker: dict[str, Any], field: str, source: str) -> Cell:
    return Cell(words.percent(worker[field]), "dim" if worker["sources"][source]["stale"] else "")


def _wrong(worker: dict[str, Any]) -> str:
    if worker["health"] == "off":
        return "; ".join(_warnings(worker))
    return "; ".join(filter(None, [_reason(worker) or words.failing(worker["sources"]), *_warnings(worker)]))


def _reason(worker: dict[str, Any]) -> str | None:
    """Why, and for how long once that is minutes."""
    reason, since = worker["health_reason"], next((entry["since"] for entry in worker["health_reasons"]), None)
    if reason is None or since is None or words.seconds_since(since) < WORTH_TELLING_SECONDS:
        return reason
    return f"{reason}, for {words.duration(words.seconds_since(since))}"


def _warnings(worker: dict[str, Any]) -> list[str]:
    """What is not wrong yet, and costs money or a class when nobody looks."""
    found: list[str] = []
    if worker["nodes_idle_since"] is not None and words.seconds_since(worker["nodes_idle_since"]) >= IDLE_SECONDS:
        found.append(f"no node has run for {words.duration(words.seconds_since(worker['nodes_idle_since']))}")
    if (worker["disk_utilization"] or 0) >= NEARLY_FULL_PERCENT:
        found.append(f"disk {words.percent(worker['disk_utilization'])} full")
    if worker["nodes_limit"] and (worker["nodes_running"] or 0) >= worker["nodes_limit"]:
        found.append("no node more may start")
    found += [
        f"{event['code']} on {(event['not_before'] or 'a day unknown')[:10]}" for event in worker["scheduled_events"]
    ]
    if worker["certificate_shared_with"]:
        found.append(f"{worker['certificate_shared_with']} others have its certificate: a cloned image")
    if worker["discovery_tag_missing"]:
        found.append("its discovery tag is gone")
    return found


def _license(worker: dict[str, Any]) -> str:
    license_ = worker["cml_license"]
    return words.UNKNOWN if license_ is None else str(license_["authorization"])


COLUMNS: tuple[Column, ...] = (
    Column("NAME", lambda worker: worker["name"]),
    Column("STATUS", lambda worker: words.status(worker["status"]), spare=1),
    Column("HEALTH", lambda worker: words.health(worker["health"])),
    Column(
        "CPU",
        lambda worker: _figure(worker, "cpu_utilization", worker["cpu_source"] or "cloudwatch"),
        spare=4,
    ),
    Column("MEM", lambda worker: _figure(worker, "memory_utilization", worker["memory_source"] or "cml"), spare=5),
    Column("DISK", lambda worker: _figure(worker, "disk_utilization", "cml"), spare=7),
    Column("LABS", lambda worker: words.of(worker["labs_running"], worker["labs_count"]), spare=2),
    Column("NODES", lambda worker: words.of(worker["nodes_running"], worker["nodes_limit"]), spare=3),
    Column("LICENCE", _license, spare=9),
    Column("$/H", lambda worker: words.money(worker["cost_per_hour_usd"]), spare=8),
    Column("REFRESHED", lambda worker: words.age(worker["last_refreshed_at"]), spare=6),
    Column("WHAT IS WRONG", _wrong, sentence=True),
)
WIDE: tuple[Column, ...] = (
    Column("ID", lambda worker: worker["id"]),
    Column("INSTANCE", lambda worker: worker["instance_id"]),
    Column("TYPE", lambda worker: worker["instance_type"] or words.UNKNOWN),
    Column("REGION", lambda worker: worker["region"]),
    Column("ACCOUNT", lambda worker: worker["account_id"]),
    Column("CML", lambda worker: worker["cml_version"] or words.UNKNOWN),
    Column("UPTIME", lambda worker: words.duration(worker["cml_uptime_seconds"])),
    Column("ENDPOINT", lambda worker: worker["https_endpoint"] or words.UNKNOWN),
    Column("LABELS", lambda worker: ",".join(f"{key}={value}" for key, value in worker["labels"].items())),
)
SOURCES: tuple[Column, ...] = (
    Column("SOURCE", lambda source: source["name"]),
    Column("OUTCOME", lambda source: words.outcome(source["outcome"])),
    Column("READ", lambda source: words.age(source["read_at"])),
    Column("FAILING FOR", lambda source: words.since(source["failing_since"])),
    Column("NEXT", lambda source: words.moment(source["next_due_at"]), spare=1),
    Column("WHY", lambda source: " ".join(filter(None, (source["error_code"], source["reason"]))), sentence=True),
)
"""Of one worker: when each source was read, and what is wrong with it."""


def name_of(worker: dict[str, Any], names: dict[str, int]) -> str:
    """What commands take for this worker: its name where that is unique among those shown, else its id."""
    return worker["name"] if names[worker["name"]] == 1 else worker["id"]
