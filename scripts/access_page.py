"""The reference page of who may do what, from the table of access and the API's routes."""

from typing import Any

from fastapi.routing import iter_route_contexts

from cmlfleet.api.app import bare_app
from cmlfleet.application.access import ACCESS
from cmlfleet.application.mediator import Message


def access() -> str:
    """Every message with the role it needs and the routes that send it."""
    routes = _routes()
    lines = [
        "# Who may do what",
        "",
        "Everything that is done, by HTTP, by the command line, by the schedule, is a message; its role is checked in one",
        "place, against this table. `viewer` reads, `operator` also acts, `admin` also configures.",
        "",
        "Whoever is limited to labels or accounts sees and acts on the workers within alone: any other is unknown, in lists,",
        "sums, events, metrics and the stream too. An operation is seen by those whose limit covers that of who started it. A",
        "forgotten worker's events stay with the team that it belonged to.",
        "",
        "| message | role | with a team limit | in the audit trail | sent by |",
        "|---|---|---|---|---|",
    ]
    for message, rule in ACCESS.items():
        sent_by = "<br>".join(f"`{route}`" for route in routes.get(message, []))
        lines.append(
            f"| `{message.__name__}` | {rule.role.value} | {rule.reach.value} | {rule.audited.value} | {sent_by} |"
        )
    return "\n".join([*lines, ""])


def _routes() -> dict[type[Message[Any]], list[str]]:
    """Routes dispatch by name: what an endpoint names is what it sends."""
    found: dict[type[Message[Any]], list[str]] = {}
    for route in iter_route_contexts(bare_app().routes):
        endpoint: Any = route.endpoint
        named = [endpoint.__globals__.get(name) for name in endpoint.__code__.co_names]
        for message in ACCESS:
            if message in named:
                found.setdefault(message, []).extend(
                    f"{method} {route.path}" for method in sorted(route.methods or ())
                )
    return found
