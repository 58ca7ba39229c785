"""Which handler answers which method and path."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote

from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer, Request

PREFIX = "/api/v0"

Handler = Callable[[CMLController, Request], Answer]
Versions = Callable[[CMLController], bool]


class Access(Enum):
    """Who may ask: anybody, whoever is signed in, or administrators."""

    PUBLIC = 1
    USER = 2
    ADMIN = 3


def every_version(_controller: CMLController) -> bool:
    return True


def from_2_9(controller: CMLController) -> bool:
    return controller.version.minor >= (2, 9)


def before_2_9(controller: CMLController) -> bool:
    return controller.version.minor < (2, 9)


def from_2_8(controller: CMLController) -> bool:
    return controller.version.minor >= (2, 8)


def from_2_10(controller: CMLController) -> bool:
    return controller.version.minor >= (2, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`template` is below the prefix, with `{name}` for parameters; `exists` says in which versions it is."""

    method: str
    template: str
    handler: Handler
    access: Access = Access.USER
    exists: Versions = every_version
    longest_body: int = 100_000  # bytes: nginx's limit on the controller, raised for imports and nodes
    path: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", f"{PREFIX}/{self.template}")


class _Branch:
    __slots__ = ("branches", "parameter", "parameter_name", "routes")

    def __init__(self) -> None:
        self.branches: dict[str, _Branch] = {}
        self.parameter: _Branch | None = None
        self.parameter_name = ""
        self.routes: dict[str, Route] = {}


@dataclass(frozen=True, slots=True)
class Match:
    """`route` is None when the path is known but not with that method."""

    route: Route | None
    parameters: dict[str, str]


class Router:
    """A tree by path segments; literal segments win over parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Branch()
        self._exact: dict[tuple[str, str], Match] = {}
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        path = route.path
        if "{" not in path:
            self._exact[route.method, path] = Match(route, {})
        branch = self._root
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                branch.parameter = branch.parameter or _Branch()
                branch.parameter_name = segment[1:-1]
                branch = branch.parameter
            else:
                branch = branch.branches.setdefault(segment, _Branch())
        branch.routes[route.method] = route

    def match(self, method: str, path: str) -> Match | None:
        """None for an unknown path."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact
        branch = self._root
        parameters: dict[str, str] = {}
        for segment in path.split("/")[1:]:
            literal = branch.branches.get(segment)
            if literal is not None:
                branch = literal
            elif branch.parameter is not None and segment:
                parameters[branch.parameter_name] = unquote(segment)
                branch = branch.parameter
            else:
                return None
        if not branch.routes:
            return None
        return Match(branch.routes.get(method), parameters)
