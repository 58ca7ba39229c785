"""What a token says of itself."""

import base64
import json
from typing import Any

import pytest

from cmlfleet.integration.services.bearer_token import read_token


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.c2ln"


def test_a_day_long_token_is_renewed_two_minutes_early_whatever_the_controllers_clock_says():
    token = read_token(jwt({"sub": "u-1", "iat": 1613750815, "exp": 1613837215}), now=500.0)

    assert token.subject == "u-1"
    assert token.use_until == 500.0 + 86_400 - 120
    assert token.is_fresh(now=500.0)
    assert not token.is_fresh(now=500.0 + 86_400 - 120)


def test_a_short_one_is_renewed_at_nine_tenths_of_its_life():
    assert read_token(jwt({"iat": 0, "exp": 300}), now=0.0).use_until == 270


def test_a_given_token_is_as_old_as_it_is():
    text = jwt({"iat": 1_000, "exp": 2_000})

    assert read_token(text, now=50.0, wall_clock=1_900.0).use_until == 150.0
    assert not read_token(text, now=50.0, wall_clock=2_000.0).is_fresh(now=50.0)


@pytest.mark.parametrize(
    "text", ["opaque", "a.b", "a.%%%.c", "e30.e30.c2ln", jwt([1]), jwt({"exp": "soon"}), jwt({"exp": 5, "iat": 9})]
)
def test_what_cannot_be_read_is_used_until_it_is_refused(text: str):
    token = read_token(text, now=0.0)

    assert token.use_until is None
    assert token.is_fresh(now=1e12)


def test_a_token_does_not_show_itself():
    assert "opaque-secret" not in repr(read_token("opaque-secret", now=0.0))
