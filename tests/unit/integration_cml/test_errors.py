"""What a controller says went wrong, by version and by who says it: the API or nginx before it."""

import pytest

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_error_dto import error_description
from cmlfleet.integration.services.call_failure import failure_of_status

VALIDATION_SINCE_2_9 = (
    b'{"code":400,"description":"{\\"Input validation failed\\": [{\\"location\\": [\\"body\\", \\"name\\"]}]}"}'
)
NGINX = b"<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"code":404,"description":"Lab not found: x"}', "Lab not found: x"),
        (VALIDATION_SINCE_2_9, '{"Input validation failed": [{"location": ["body", "name"]}]}'),
        (b'{"description":{"title":["too long"]},"code":400}', '{"title":["too long"]}'),
        (b'{"description":["a","b"],"code":400}', '["a","b"]'),
        (b'{"code":500}', None),
        (NGINX, None),
        (b"", None),
        (b"[" * 100_000, None),
    ],
)
def test_the_description_is_text_json_in_text_or_an_object_and_nginx_has_none(body: bytes, text: str | None) -> None:
    assert error_description(body) == text


def test_a_description_without_end_is_cut() -> None:
    assert len(error_description(b'{"description":"' + b"x" * 10_000 + b'"}') or "") == 200


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, ErrorCode.BAD_RESPONSE),
        (400, ErrorCode.BAD_RESPONSE),
        (401, ErrorCode.UNAUTHORIZED),
        (403, ErrorCode.ACCESS_DENIED),
        (404, ErrorCode.NOT_FOUND),
        (413, ErrorCode.BAD_RESPONSE),
        (422, ErrorCode.BAD_RESPONSE),
        (429, ErrorCode.THROTTLED),
        (500, ErrorCode.BAD_RESPONSE),
        (502, ErrorCode.NOT_READY),
        (503, ErrorCode.NOT_READY),
        (504, ErrorCode.NOT_READY),
    ],
)
def test_every_status_has_its_code(status: int, code: ErrorCode) -> None:
    assert failure_of_status(operation="labs", status=status, body=NGINX).code is code
