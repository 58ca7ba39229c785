"""What botocore's exceptions mean. Imported late, as botocore is slow to import."""

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    NoRegionError,
    ReadTimeoutError,
    ValidationError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError, failure_of_error, unreachable
from cmlfleet.integration.aws.scope import AwsScope


def failure_of_botocore(error: Exception, *, operation: str, scope: AwsScope) -> AwsCallError:
    """The failure behind an exception of botocore."""
    match error:
        case ClientError():
            said = error.response.get("Error", {})
            return failure_of_error(
                operation=operation,
                scope=scope,
                status=error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
                aws_code=said.get("Code", "Unknown"),
                message=said.get("Message", ""),
            )
        case ConnectTimeoutError() | ReadTimeoutError():
            return AwsCallError(ErrorCode.TIMEOUT, f"{operation}: {error}", operation=operation)
        case BotoConnectionError() | HTTPClientError():
            return unreachable(operation, str(error))
        case NoRegionError() | ValidationError():
            return unreachable(operation, f"there is no endpoint: {error}")
        case _:
            text = f"there are no usable AWS credentials for the account {scope.account_id}: {error}"
            return AwsCallError(ErrorCode.ACCESS_DENIED, text, operation=operation)
