"""One reading of everything a controller shows, by route."""

from typing import Any

import orjson

from cmlfleet.simulator.controller import api
from cmlfleet.simulator.controller.cml_controller import CMLController
from cmlfleet.simulator.controller.exchange import Answer
from tests.support.simulated_controller import PASSWORD


class Caller:
    """Asks a controller without a network in between."""

    def __init__(self, controller: CMLController, *, username: str = "admin", password: str = PASSWORD) -> None:
        self.controller = controller
        self.token: str | None = None
        self.credentials = {"username": username, "password": password}

    def ask(self, method: str, route: str, body: Any = None) -> Answer:
        path, _, query = route.partition("?")
        if isinstance(body, str | bytes):
            data = body.encode() if isinstance(body, str) else body
        else:
            data = b"" if body is None else orjson.dumps(body)
        return api.answer(
            self.controller, method=method, path=f"/api/v0/{path}", query_text=query, body=data, token=self.token
        )

    def sign_in(self) -> "Caller":
        self.token = self.read("authenticate", method="POST", body=self.credentials)
        return self

    def read(self, route: str, *, method: str = "GET", body: Any = None) -> Any:
        """The answer's JSON; fails the test unless it is a 2xx."""
        answer = self.ask(method, route, body)
        assert 200 <= answer.status < 300, (method, route, answer.status, answer.body)
        return orjson.loads(answer.body) if answer.body else None
