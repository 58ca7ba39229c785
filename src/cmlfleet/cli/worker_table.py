"""Workers as rows."""

from typing import Any

from cmlfleet.cli import words
from cmlfleet.cli.layout import Cell, Column

IDLE_SECONDS = 3600  # a class takes breaks; an hour without any running node is no break
NEARLY_FULL_PERCENT = 90
WORTH_TELLING_SECONDS = 60


def _as_read(text: str | Cell, worker: dict[str, Any], source: str, part: str | None = None) -> Cell:
    """What is no longer fresh is dim and has a ~, which a pipe shows too."""
    cell = Cell(text) if isinstance(text, str) else text
    read = worker["sources"][source]
    failed = part is not None and read["parts"].get(part, {}).get("outcome") == "error"
    if cell.text == words.UNKNOWN or not (read["stale"] or failed):
        return cell
    return Cell(f"~{cell.text}", "dim")


def _figure(worker: dict[str, Any], field: str, source: str) -> Cell:
    return _as_read(words.percent(worker[field]), worker, source, "statistics" if source == "cml" else None)


def _wrong(worker: dict[str, Any]) -> str:
    unread = words.failing(_unexplained(worker))
    if worker["health"] == "off":
        return "; ".join(filter(None, [unread, *_warnings(worker)]))
    return "; ".join(filter(None, [_reason(worker), unread, *_warnings(worker)]))


def _unexplained(worker: dict[str, Any]) -> dict[str, Any]:
    """The sources whose failure is not itself among the reasons for the health."""
    told = {entry["code"] for entry in worker["health_reasons"]}
    return {
        name: source
        for name, source in worker["sources"].items()
        if name != "cml" or not told & {source["error_code"], "booting"}
    }


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


def _license(worker: dict[str, Any]) -> Cell:
    license_ = worker["cml_license"]
    word = words.UNKNOWN if license_ is None else str(license_["authorization"])
    return _as_read(word, worker, "cml", "licence")


COLUMNS: tuple[Column, ...] = (
    Column("NAME", lambda worker: worker["name"]),
    Column("STATUS", lambda worker: _as_read(words.status(worker["status"]), worker, "ec2"), spare=3),
    Column("HEALTH", lambda worker: words.health(worker["health"])),
    Column(
        "CPU",
        lambda worker: _figure(worker, "cpu_utilization", worker["cpu_source"] or "cloudwatch"),
        spare=1,
    ),
    Column("MEM", lambda worker: _figure(worker, "memory_utilization", worker["memory_source"] or "cml"), spare=6),
    Column("DISK", lambda worker: _figure(worker, "disk_utilization", "cml"), spare=7),
    Column(
        "LABS",
        lambda worker: _as_read(words.of(worker["labs_running"], worker["labs_count"]), worker, "cml", "labs"),
        spare=4,
    ),
    Column(
        "NODES",
        lambda worker: _as_read(
            words.of(worker["nodes_running"], worker["nodes_limit"]), worker, "cml", "statistics"
        ),
        spare=5,
    ),
    Column("LICENCE", _license, spare=9),
    Column("$/H", lambda worker: words.money(worker["cost_per_hour_usd"]), spare=8),
    Column("REFRESHED", lambda worker: words.age(worker["last_refreshed_at"]), spare=2),
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
    Column("NEXT", lambda source: words.due(source["next_due_at"]), spare=1),
    Column("WHY", lambda source: " ".join(filter(None, (source["error_code"], source["reason"]))), sentence=True),
)
"""Of one worker: when each source was read, and what is wrong with it."""


def name_of(worker: dict[str, Any], names: dict[str, int]) -> str:
    """What commands take for this worker: its name where that is unique among those shown, else its id."""
    return worker["name"] if names[worker["name"]] == 1 else worker["id"]
