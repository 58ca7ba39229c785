"""What AWS's error codes mean, and what a person reads."""

import pytest

from cmlfleet.domain.identifiers import AccountId, InstanceId, Region
from cmlfleet.domain.sources import ErrorCode
from cmlfleet.integration.aws.call_failure import AwsCallError, failure_of_error
from cmlfleet.integration.aws.instance_ids import ids_in, is_instance_id, only_valid
from cmlfleet.integration.aws.scope import AwsScope

SCOPE = AwsScope(AccountId("111122223333"), Region("us-east-1"))


def _failure(code: str, message: str = "", *, status: int = 400) -> AwsCallError:
    return failure_of_error(
        operation="ec2:DescribeInstances", scope=SCOPE, status=status, aws_code=code, message=message
    )


@pytest.mark.parametrize(
    ("aws_code", "status", "code"),
    [
        ("RequestLimitExceeded", 503, ErrorCode.THROTTLED),
        ("Throttling", 400, ErrorCode.THROTTLED),
        ("EC2ThrottledException", 503, ErrorCode.THROTTLED),
        ("Whatever", 429, ErrorCode.THROTTLED),
        ("UnauthorizedOperation", 403, ErrorCode.ACCESS_DENIED),
        ("AccessDeniedException", 400, ErrorCode.ACCESS_DENIED),
        ("AuthFailure", 401, ErrorCode.ACCESS_DENIED),
        ("OptInRequired", 401, ErrorCode.ACCESS_DENIED),
        ("ExpiredToken", 403, ErrorCode.ACCESS_DENIED),
        ("UnrecognizedClientException", 400, ErrorCode.ACCESS_DENIED),
        ("InvalidInstanceID.NotFound", 400, ErrorCode.NOT_FOUND),
        ("InvalidInstanceID.Malformed", 400, ErrorCode.BAD_RESPONSE),
        ("RequestTimeout", 400, ErrorCode.TIMEOUT),
        ("InternalError", 500, ErrorCode.INTERNAL),
        ("ServiceUnavailable", 503, ErrorCode.INTERNAL),
        ("SomethingNew", 400, ErrorCode.BAD_RESPONSE),
    ],
)
def test_codes(aws_code: str, status: int, code: ErrorCode):
    assert _failure(aws_code, status=status).code is code


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (
            "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/x is not "
            "authorized to perform: ec2:DescribeInstances because no identity-based policy allows the action",
            "no policy allows ec2:DescribeInstances for arn:aws:iam::111122223333:user/x",
        ),
        (
            "User: arn:aws-cn:sts::111122223333:assumed-role/r/s is not authorized to perform: ec2:DescribeInstances "
            "with an explicit deny in a service control policy",
            "an explicit deny forbids ec2:DescribeInstances for arn:aws-cn:sts::111122223333:assumed-role/r/s",
        ),
        ("You are not authorized to perform this operation.", "no policy allows ec2:DescribeInstances"),
    ],
)
def test_a_denial_names_the_permission(message: str, detail: str):
    assert _failure("UnauthorizedOperation", message, status=403).detail == detail


def test_a_long_text_is_cut():
    assert len(_failure("SomethingNew", "x" * 100_000).detail) < 400


def test_only_expired_credentials_are_worth_another_try():
    assert _failure("RequestExpired").says_expired
    assert _failure("ExpiredToken").says_expired
    assert not _failure("AuthFailure").says_expired


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ("The instance ID 'i-0123456789abcdef0' does not exist", {"i-0123456789abcdef0"}),
        (
            "The instance IDs 'i-0123456789abcdef0, i-1234abcd, i-0fedcba9876543210' do not exist",
            {"i-0123456789abcdef0", "i-1234abcd", "i-0fedcba9876543210"},
        ),
        ('Invalid id: "i-12345"', set[str]()),
        ("i-0123456789abcdef01 i-123456789 vi-1234abcd i-1234ABCD", set[str]()),
        ("", set[str]()),
    ],
)
def test_the_ids_that_an_error_names(message: str, ids: set[str]):
    assert ids_in(message) == ids


def test_ids():
    good = [InstanceId("i-1234abcd"), InstanceId("i-0123456789abcdef0")]
    bad = ["", "banana", "i-", "i-1234abc", "i-1234ABCD", "i-0123456789abcdef0\n", "I-1234abcd", "i-0123456789abcdef"]
    assert all(map(is_instance_id, good))
    assert not any(map(is_instance_id, bad))
    assert only_valid([good[0], *map(InstanceId, bad), good[1], good[0]]) == good
