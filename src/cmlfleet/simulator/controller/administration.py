"""Notices, maintenance mode and other switches of an administrator."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Administration:
    maintenance_mode: bool = False
    maintenance_notice_id: str | None = None
    notices: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    telemetry_opt_in: bool | None = None
    new_host_state: str = "READY"
    groups: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    resource_pools: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    allow_ssh_pubkey_auth: bool = False
    oui: str = "52:54:00:00:00:00"
