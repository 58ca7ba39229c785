"""The console's built files: hashed assets that never change, and one page for every address of its own."""

import mimetypes
import re
from pathlib import Path

from fastapi.responses import FileResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOR_EVER = "public, max-age=31536000, immutable"
_OWN_PATHS = re.compile(r"^/(?!(?:api|assets|metrics|healthz|readyz)(?:/|$))(?P<path>.*)$")
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


def console_routes(folder: Path) -> list[Route]:
    """What serves the console built in `folder`; where it was not built, `/` leads to the API's documentation."""
    if not is_built(folder):
        return [Route("/", _documentation, include_in_schema=False)]
    files = {f"/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*") if path.is_file()}

    async def page(request: Request) -> Response:
        if request.url.path in files:
            return _file(request, files, request.url.path, cache="no-cache")
        if "." in request.url.path.rpartition("/")[2]:
            raise HTTPException(404)
        return _file(request, files, "/index.html", cache="no-cache")

    async def asset(request: Request) -> Response:
        if request.url.path not in files:
            raise HTTPException(404)
        return _file(request, files, request.url.path, cache=FOR_EVER)

    any_page = Route("/{path:path}", page, include_in_schema=False)
    any_page.path_regex = _OWN_PATHS  # what the API does not know stays the API's to refuse
    return [Route("/assets/{path:path}", asset, include_in_schema=False), any_page]


def is_built(folder: Path) -> bool:
    """Whether set-up, or whoever made the package, could build the console."""
    return (folder / "index.html").is_file()


async def _documentation(_request: Request) -> Response:
    return RedirectResponse("/api/docs")


def _file(request: Request, files: dict[str, Path], name: str, *, cache: str) -> Response:
    """As it was compressed when it was built, in the best encoding that the browser takes."""
    accepted = request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": cache, "Content-Security-Policy": _POLICY, "Vary": "Accept-Encoding"}
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    for encoding, suffix in _ENCODINGS:
        if encoding in accepted and name + suffix in files:
            headers["Content-Encoding"] = encoding
            return FileResponse(files[name + suffix], media_type=kind, headers=headers)
    return FileResponse(files[name], media_type=kind, headers=headers)
