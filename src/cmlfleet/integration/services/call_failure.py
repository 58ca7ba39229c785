"""Why a call to a controller gave no usable answer."""

import ssl
from http import HTTPStatus

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.models.cml_error_dto import error_description
from cmlfleet.integration.services.certificate_check import CertificateMismatchError

_NOT_READY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_CODE_BY_STATUS: dict[int, ErrorCode] = {
    HTTPStatus.UNAUTHORIZED: ErrorCode.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: ErrorCode.ACCESS_DENIED,
    HTTPStatus.NOT_FOUND: ErrorCode.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: ErrorCode.THROTTLED,
}
NO_CONNECTION_CODES = frozenset(
    {
        ErrorCode.UNREACHABLE,
        ErrorCode.TIMEOUT,
        ErrorCode.TLS,
        ErrorCode.CERTIFICATE_CHANGED,
        ErrorCode.NOT_READY,
        ErrorCode.BLOCKED_ADDRESS,
    }
)
"""With one of these there is nobody to ask anything else of."""


class ClosedBeforeAnswerError(ConnectionError):
    """The controller closed the connection without having answered: it may never have seen the request."""


class CMLCallError(Exception):
    """One call failed: the public error code, a sentence without secrets, and the HTTP status where there was one.

    `retry_after_seconds` is what the controller asked for with a 429 or 503.
    """

    def __init__(
        self, code: ErrorCode, detail: str, *, status: int | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.retry_after_seconds = retry_after_seconds


def failure_of_status(*, operation: str, status: int, body: bytes, retry_after: str | None = None) -> CMLCallError:
    """The failure that an answer with this status is."""
    if status in _NOT_READY:
        code, text = ErrorCode.NOT_READY, "the web server has no API process behind it"
    elif HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        code, text = ErrorCode.BAD_RESPONSE, "a redirect, which is not followed"
    else:
        code, text = _CODE_BY_STATUS.get(status, ErrorCode.BAD_RESPONSE), error_description(body)
    said = f": {text}" if text else ""
    return CMLCallError(
        code, f"{operation} answered {status}{said}", status=status, retry_after_seconds=_seconds(retry_after)
    )


def failure_of_exception(*, operation: str, error: Exception) -> CMLCallError:
    """The failure behind an exception of the connection. `error` is raised on when it is none of those."""
    match error:
        case CertificateMismatchError():
            return CMLCallError(
                ErrorCode.CERTIFICATE_CHANGED,
                f"the endpoint presents another certificate ({error.presented.hex()}) than the accepted one; "
                "neither password nor token was sent",
            )
        case ssl.SSLCertVerificationError():
            return CMLCallError(ErrorCode.TLS, f"the certificate does not verify: {error.verify_message}")
        case ssl.SSLError():
            return CMLCallError(ErrorCode.TLS, f"{operation}: the TLS handshake failed: {_reason(error)}")
        case TimeoutError():
            return CMLCallError(ErrorCode.TIMEOUT, f"{operation}: no connection within the limit")
        case ClosedBeforeAnswerError():
            return CMLCallError(ErrorCode.UNREACHABLE, f"{operation}: the connection was closed without an answer")
        case OSError():
            return CMLCallError(ErrorCode.UNREACHABLE, f"{operation}: {_reason(error)}")
        case _:
            raise error


def _reason(error: Exception) -> str:
    text: str | None = getattr(error, "strerror", None)
    return text or str(error) or type(error).__name__


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isascii() and retry_after.isdigit() else None
