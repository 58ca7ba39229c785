"""Why a call to AWS gave no usable answer."""

import re
from datetime import datetime

from cmlfleet.domain.facts import SourceFailure
from cmlfleet.domain.sources import ErrorCode, Source
from cmlfleet.integration.aws.scope import AwsScope

INSTANCE_NOT_FOUND = "InvalidInstanceID.NotFound"
INSTANCE_MALFORMED = "InvalidInstanceID.Malformed"

_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_DENIED = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "NotAuthorized"})
_NOT_ENABLED = frozenset({"OptInRequired", "Blocked", "PendingVerification"})
_NOT_ACCEPTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_TIMED_OUT = frozenset({"RequestTimeout", "RequestTimeoutException"})
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429

_PERMISSION = re.compile(r"not authorized to perform: (\w+:\w+)")
_PRINCIPAL = re.compile(r"(arn:aws[\w-]*:(?:iam|sts)::\d{12}:\S+?)[,;.]?\s")
_LONGEST_MESSAGE = 300  # characters of AWS's own text; denials of EC2 may carry kilobytes of encoded message


class AwsCallError(Exception):
    """One call failed: the public error code, a sentence without secrets, and what was asked, as IAM names it
    (`ec2:DescribeInstances`). `aws_code` and `message` are AWS's own where AWS said something."""

    def __init__(
        self, code: ErrorCode, detail: str, *, operation: str, aws_code: str | None = None, message: str = ""
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.operation = operation
        self.aws_code = aws_code
        self.message = message

    @property
    def says_expired(self) -> bool:
        """Whether new credentials may help."""
        return self.aws_code in _EXPIRED

    @property
    def says_not_allowed(self) -> bool:
        """Whether a policy of IAM would help; credentials or a region that AWS does not accept need another cure."""
        return self.aws_code in _DENIED

    @property
    def says_broken_inside(self) -> bool:
        """Whether AWS answered that it is broken itself, as it does for a list during the outage of a zone."""
        return self.code is ErrorCode.INTERNAL and self.aws_code is not None

    def again(self) -> "AwsCallError":
        """The same failure, to be raised at another place."""
        return AwsCallError(
            self.code, self.detail, operation=self.operation, aws_code=self.aws_code, message=self.message
        )

    def as_fact(self, *, source: Source, read_at: datetime, duration_ms: float) -> SourceFailure:
        return SourceFailure(
            source=source,
            read_at=read_at,
            code=self.code,
            detail=self.detail,
            operation=self.operation,
            duration_ms=duration_ms,
        )


def failure_of_error(*, operation: str, scope: AwsScope, status: int, aws_code: str, message: str) -> AwsCallError:
    """The failure that AWS's error answer is."""
    code, detail = _classify(operation=operation, scope=scope, status=status, aws_code=aws_code, message=message)
    return AwsCallError(code, detail, operation=operation, aws_code=aws_code, message=message)


def bad_response(operation: str, what: str) -> AwsCallError:
    """An answer that is not AWS's."""
    return AwsCallError(ErrorCode.BAD_RESPONSE, f"{operation}: {what}", operation=operation)


def timed_out(operation: str, seconds: float) -> AwsCallError:
    return AwsCallError(ErrorCode.TIMEOUT, f"{operation}: no answer within {seconds:g} s", operation=operation)


def unreachable(operation: str, reason: str) -> AwsCallError:
    return AwsCallError(ErrorCode.UNREACHABLE, f"{operation}: {reason}", operation=operation)


def broken(operation: str, error: BaseException | None) -> AwsCallError:
    """A fault of our own."""
    return AwsCallError(
        ErrorCode.INTERNAL, f"{operation}: a fault of our own: {type(error).__name__}", operation=operation
    )


def _classify(*, operation: str, scope: AwsScope, status: int, aws_code: str, message: str) -> tuple[ErrorCode, str]:
    if aws_code in _THROTTLED or status == _TOO_MANY_REQUESTS:
        return ErrorCode.THROTTLED, f"AWS throttles {operation} in {scope} ({aws_code})"
    if aws_code in _DENIED:
        return ErrorCode.ACCESS_DENIED, _denial(operation, message)
    if aws_code in _NOT_ENABLED:
        text = f"the region {scope.region} is not enabled for the account {scope.account_id} ({aws_code})"
        return ErrorCode.ACCESS_DENIED, text
    if aws_code in _EXPIRED:
        text = f"the credentials of the account {scope.account_id} have expired, or this clock is wrong ({aws_code})"
        return ErrorCode.ACCESS_DENIED, text
    if aws_code in _NOT_ACCEPTED:
        text = (
            f"AWS does not accept the credentials of the account {scope.account_id} in {scope.region} ({aws_code}): "
            "they are wrong, or the region is not enabled"
        )
        return ErrorCode.ACCESS_DENIED, text
    said = f"{operation}: {aws_code}: {message[:_LONGEST_MESSAGE]}"
    if aws_code == INSTANCE_NOT_FOUND:
        return ErrorCode.NOT_FOUND, said
    if aws_code in _TIMED_OUT:
        return ErrorCode.TIMEOUT, said
    if status >= _SERVER_ERROR:
        return ErrorCode.INTERNAL, f"AWS is broken inside: {said}"
    return ErrorCode.BAD_RESPONSE, said


def _denial(operation: str, message: str) -> str:
    """AWS names the permission that lacks; where it does not, it is the operation's own."""
    named = _PERMISSION.search(message)
    permission = named[1] if named else operation
    principal = _PRINCIPAL.search(message)
    who = f" for {principal[1]}" if principal else ""
    how = "an explicit deny forbids" if "explicit deny" in message else "no policy allows"
    return f"{how} {permission}{who}"
