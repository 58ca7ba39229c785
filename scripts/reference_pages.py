"""Writes the reference pages that are made from the code and the locks: access, configuration, events, licences,
metrics."""

import inspect
import sys
from pathlib import Path
from typing import Any, cast

from scripts.access_page import access
from scripts.licences import licences

from cmlfleet.domain.events import cml_worker as events
from cmlfleet.domain.events.domain_event import DomainEvent
from cmlfleet.observability.metrics.worker_metrics import GAUGES
from cmlfleet.settings_values import SECRETS, VARIABLES

FOLDER = Path("docs/reference")


def _plain(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(str(entry) for entry in cast("tuple[Any, ...]", default))
    if isinstance(default, dict):
        return ",".join(f"{key}={value}" for key, value in cast("dict[str, str]", default).items())
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def configuration() -> str:
    """Every setting with its default."""
    lines = [
        "# Configuration",
        "",
        "One file, `cmlfleet.toml` (`--config`, else `./cmlfleet.toml`), environment variables over it, flags over both.",
        "`cmlfleet serve --print-config` prints what is in force and where each value came from. An unknown key or a bad",
        "value stops the start and names the key, the value and what is allowed.",
        "",
        "| variable | key in the file | default | |",
        "|---|---|---|---|",
    ]
    for variable in VARIABLES:
        shown = _plain(variable.default)
        text = "none" if not shown else f"`{shown}`"
        secret = "secret" if variable.key in SECRETS else ""
        lines.append(f"| `CMLFLEET_{variable.key.upper()}` | `{variable.key}` | {text} | {secret} |")
    lines += [
        "",
        "More AWS accounts are tables `[[accounts]]` in the file, with `id`, `role_arn`, `external_id`, `regions` and",
        "`prefer_private_ip`. AWS's and OpenTelemetry's own variables are honoured as their SDKs do.",
        "",
        "## Risks that somebody has to accept",
        "`cmlfleet serve` refuses to start (exit 2) with a configuration that is insecure, unless the flag that names",
        "exactly that risk is `true`; `cmlfleet doctor` lists each flag in force.",
        "",
        "| flag | the risk |",
        "|---|---|",
        "| `CMLFLEET_ALLOW_PLAIN_HTTP` | `CMLFLEET_HOST` is not loopback, and there is no certificate: a proxy with TLS stands before it, or tokens cross the network in clear |",
        "| `CMLFLEET_ALLOW_INSECURE_CML_TLS` | `CMLFLEET_CML_TLS=insecure` towards controllers outside loopback |",
        "| `CMLFLEET_ALLOW_SHORT_TOKEN` | `CMLFLEET_BOOTSTRAP_TOKEN` has fewer than 32 characters |",
        "| `CMLFLEET_ALLOW_WORLD_READABLE_KEY_FILE` | everybody on the machine can read the secret key's file, or, where the service listens beyond loopback, `CMLFLEET_TLS_KEY` |",
        "",
        "## CML credentials by rule",
        "Tables `[[credentials]]` in the file say who signs in where. A rule holds for the workers that match all of",
        "`account_id`, `region` and `label` (a key, or `key=value`) that it gives; the first rule that matches wins. A",
        "worker's own credentials win over every rule; `CMLFLEET_CML_USERNAME` and `_PASSWORD` hold where no rule matches.",
        "",
        "```toml",
        "[[credentials]]",
        'label = "team=blue"',
        'username = "admin"',
        'ssm_parameter = "/cml/blue"',
        "",
        "[[credentials]]",
        'account_id = "111122223333"',
        'username = "admin"',
        'secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cml-AbCdEf"',
        "```",
        "",
        "| key | |",
        "|---|---|",
        "| `account_id`, `region`, `label` | which workers; none of them: every worker |",
        "| `username` | the CML account |",
        "| one of `password` | the password itself; keep the file to yourself then |",
        "| `password_file` | a file whose first line is the password |",
        "| `secret_arn` | a secret of Secrets Manager: its text, or `password` of a JSON object |",
        "| `ssm_parameter` | a parameter of Systems Manager, by ARN, or by name in the first of `CMLFLEET_REGIONS` (else AWS's default region) |",
        "",
        "A password is read when it is first needed, kept in memory alone, and read again when a controller refuses it.",
        "AWS is asked with the role of the `[[accounts]]` entry that an ARN names, else with the process's own",
        "credentials; [iam-policy-secrets.json](../iam-policy-secrets.json) is what they need. A key of your own in KMS",
        "needs `kms:Decrypt` as well. `cmlfleet doctor` tries every rule.",
        "",
    ]
    return "\n".join(lines)


def domain_events() -> str:
    """Every domain event with what it carries."""
    lines = [
        "# Domain events",
        "",
        "Every event has `id`, `type`, `worker_id`, `occurred_at`, `actor`, `cause` and `data`.",
        "",
        "| type | raised when | data |",
        "|---|---|---|",
    ]
    common = set(DomainEvent.__dataclass_fields__)
    for name, kind in inspect.getmembers(events, inspect.isclass):
        if issubclass(kind, DomainEvent) and kind is not DomainEvent:
            data = ", ".join(f"`{field}`" for field in kind.__dataclass_fields__ if field not in common)
            about = " ".join((kind.__doc__ or "").split())
            lines.append(f"| `{name}` | {about} | {data} |")
    return "\n".join([*lines, ""])


def metrics() -> str:
    """Every worker gauge, and the service's own instruments."""
    lines = [
        "# Metrics",
        "",
        "At `/metrics` for a viewer's token (open with `CMLFLEET_METRICS_PUBLIC=true`), and by OTLP where the standard",
        "variables name an endpoint. A figure that is not known has no series; a worker that is gone has none either.",
        "`cml_worker_labs_count` has no type (`untyped`): promtool keeps names that end in `_count` for histograms.",
        "FastAPI counts and times the HTTP requests itself, as `http_server_*`.",
        "",
        "| instrument | Prometheus | unit | |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{gauge.otel}` | `{gauge.prometheus}` | {gauge.unit} | {gauge.help} |" for gauge in GAUGES.values()]
    lines += [
        "| `cmlfleet.refresh.duration` | `cmlfleet_refresh_duration_seconds` | s | Time that refreshes took. |",
        "| `cmlfleet.aws.calls` | `cmlfleet_aws_calls_total` | {call} | Calls to AWS. |",
        "| `cmlfleet.cml.calls` | `cmlfleet_cml_calls_total` | {call} | Calls to CML controllers. |",
        "| `cmlfleet.audit.failures` | `cmlfleet_audit_failures_total` | {failure} | Audit entries not written. |",
        "| `cmlfleet.source.failures` | `cmlfleet_source_failures_total` | {failure} | Readings that failed. |",
        "",
    ]
    return "\n".join(lines)


PAGES = {
    "access.md": access,
    "configuration.md": configuration,
    "events.md": domain_events,
    "licences.md": licences,
    "metrics.md": metrics,
}


def main(arguments: list[str]) -> int:
    """Exit status 1 when, with `--check`, a page is not what the code says."""
    stale = 0
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if arguments == ["--check"]:
            if not path.exists() or path.read_text() != text:
                sys.stderr.write(f"{path} differs from what the code says: run `make docs`\n")
                stale += 1
        else:
            path.write_text(text)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
