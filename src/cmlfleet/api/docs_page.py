"""The API's documentation as one plain page: made from the OpenAPI document, with nothing loaded from elsewhere."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem }
:root { color-scheme: light dark }
code, h2 { font-family: ui-monospace, monospace } h2 { font-size: 1rem; margin: 1.5rem 0 0 }
.verb { display: inline-block; min-width: 4.5em; font-weight: 700 } dl { margin: .25rem 0 0 5.2em }
dt { font-family: ui-monospace, monospace } dd { margin: 0 0 .25rem 1.5em }
"""


DOCS_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""The page's own style, and nothing else."""


def docs_page(document: dict[str, Any], *, notice: str) -> str:
    """Every route with its parameters and answers, how to sign in, and what there is to say before."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<title>{escape(document['info']['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(document['info']['title'])} {escape(document['info']['version'])}</h1>",
        f"<p><strong>{escape(notice)}</strong></p>" if notice else "",
        "<p>Every route under <code>/api/v1</code> needs <code>Authorization: Bearer TOKEN</code>; "
        "<code>cmlfleet token create --role viewer --name me</code> makes one. "
        "The document for machines: <a href='/api/v1/openapi.json'>/api/v1/openapi.json</a>.</p>",
    ]
    for path, methods in document["paths"].items():
        for verb, operation in methods.items():
            parts.append(_operation(path, verb, operation))
    return "\n".join(parts)


def _operation(path: str, verb: str, operation: dict[str, Any]) -> str:
    about = escape(str(operation.get("description", operation.get("summary", ""))))
    lines = [f"<h2><span class=verb>{escape(verb.upper())}</span> {escape(path)}</h2><dl><dd>{about}</dd>"]
    for parameter in operation.get("parameters", ()):
        lines.append(f"<dt>{escape(parameter['name'])} ({escape(parameter['in'])})</dt>")
        lines.append(f"<dd>{escape(str(parameter.get('description', '')))}</dd>")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in body:
        lines.append(f"<dt>body</dt><dd>{escape(body['$ref'].rpartition('/')[2])}</dd>")
    statuses = ", ".join(sorted(operation.get("responses", ())))
    lines.append(f"<dt>answers</dt><dd>{escape(statuses)}</dd></dl>")
    return "".join(lines)
