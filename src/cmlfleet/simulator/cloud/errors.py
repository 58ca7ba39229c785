"""The errors AWS answers with."""

from collections.abc import Sequence


class AwsError(Exception):
    """An answer that is an error: AWS's own code, text and HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def instances_not_found(instance_ids: Sequence[str]) -> AwsError:
    """EC2 names all unknown ids in one pair of quotes, and says ID or IDs."""
    if len(instance_ids) == 1:
        text = f"The instance ID '{instance_ids[0]}' does not exist"
    else:
        text = f"The instance IDs '{', '.join(instance_ids)}' do not exist"
    return AwsError("InvalidInstanceID.NotFound", text)


def malformed_instance_id(instance_id: str) -> AwsError:
    return AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')


def incorrect_state(instance_id: str, *, verb: str) -> AwsError:
    return AwsError(
        "IncorrectInstanceState",
        f"The instance '{instance_id}' is not in a state from which it can be {verb}.",
    )


def missing_parameter(name: str) -> AwsError:
    return AwsError("MissingParameter", f"The request must contain the parameter {name}")


def invalid_value(value: str, *, parameter: str, allowed: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Value ( {value} ) for parameter {parameter} is invalid. {allowed}")
