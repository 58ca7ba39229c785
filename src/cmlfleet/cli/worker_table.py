"""Workers as rows."""

from typing import Any

from rich.markup import escape

from cmlfleet.cli import words
from cmlfleet.cli.output import Column


def _figure(worker: dict[str, Any], field: str, source: str) -> str:
    text = words.percent(worker[field])
    return f"[dim]{text}[/]" if worker["sources"][source]["stale"] else text


def _wrong(worker: dict[str, Any]) -> str:
    failing = words.failing(worker["sources"])
    if worker["health"] == "off":
        return escape("; ".join(_warnings(worker)))
    return escape("; ".join(filter(None, [_reason(worker) or failing, *_warnings(worker)])))


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
    if worker["discovery_tag_missing"]:
        found.append("its discovery tag is gone")
    return found


def _license(worker: dict[str, Any]) -> str:
    license_ = worker["cml_license"]
    return words.UNKNOWN if license_ is None else escape(str(license_["authorization"]))


IDLE_SECONDS = 3600  # a class takes breaks; an hour without any running node is no break
NEARLY_FULL_PERCENT = 90
WORTH_TELLING_SECONDS = 60

COLUMNS: tuple[Column, ...] = (
    ("NAME", lambda worker: escape(worker["name"])),
    ("STATUS", lambda worker: words.status(worker["status"])),
    ("HEALTH", lambda worker: words.health(worker["health"])),
    ("CPU", lambda worker: _figure(worker, "cpu_utilization", worker["cpu_source"] or "cloudwatch")),
    ("MEM", lambda worker: _figure(worker, "memory_utilization", worker["memory_source"] or "cml")),
    ("DISK", lambda worker: _figure(worker, "disk_utilization", "cml")),
    ("LABS", lambda worker: words.of(worker["labs_running"], worker["labs_count"])),
    ("NODES", lambda worker: words.of(worker["nodes_running"], worker["nodes_limit"])),
    ("LICENCE", _license),
    ("$/H", lambda worker: words.money(worker["cost_per_hour_usd"])),
    ("REFRESHED", lambda worker: words.age(worker["last_refreshed_at"])),
    ("WHAT IS WRONG", _wrong),
)
WIDE: tuple[Column, ...] = (
    ("ID", lambda worker: worker["id"]),
    ("INSTANCE", lambda worker: worker["instance_id"]),
    ("TYPE", lambda worker: worker["instance_type"] or words.UNKNOWN),
    ("REGION", lambda worker: worker["region"]),
    ("ACCOUNT", lambda worker: worker["account_id"]),
    ("CML", lambda worker: escape(worker["cml_version"] or words.UNKNOWN)),
    ("UPTIME", lambda worker: words.duration(worker["cml_uptime_seconds"])),
    ("ENDPOINT", lambda worker: escape(worker["https_endpoint"] or words.UNKNOWN)),
    ("LABELS", lambda worker: escape(",".join(f"{key}={value}" for key, value in worker["labels"].items()))),
)
