"""Why the application refuses a message; translated once, at the edge."""

from collections.abc import Iterable

from cmlfleet.application.principal import Principal, Role


class ApplicationError(Exception):
    """A message that could not be carried out, with a text for whoever sent it."""


class Refused(ApplicationError):
    """It could have been done, and was not because of who asked."""


class NotAllowed(Refused):
    """The sender's role does not allow the message."""

    def __init__(self, principal: Principal, needed: Role, message: str) -> None:
        super().__init__(f"{message} needs the role {needed.value}; {principal.name} has {principal.role.value}")
        self.needed = needed


class SignInRefused(Refused):
    """Says the same whatever was wrong."""

    def __init__(self) -> None:
        super().__init__("that is not right: the name, the password or the code")


class NotVouchedFor(Refused):
    """The OpenID provider's answer does not sign anybody in; the text says why."""


class ProviderUnavailable(ApplicationError):
    """The OpenID provider does not answer, or not as one."""


class TooManyAttempts(Refused):
    """Of an address, or for an account."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__(f"too many attempts: wait {wait_seconds:.0f} seconds")
        self.wait_seconds = wait_seconds


class BeyondLimit(Refused):
    """The message concerns the whole fleet, and its sender is limited to a part of it."""

    def __init__(self, principal: Principal, message: str) -> None:
        super().__init__(f"{message} concerns the whole fleet; {principal.name} is limited to {principal.limit}")


class LabelGuarded(Refused):
    """Team limits use the label: who could change it could move a worker into another team's hands."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__(
            f"team limits use the label {', '.join(sorted(keys))}: only an admin without a limit changes it"
        )


class LabelChanged(Refused):
    """Somebody else changed a label after the sender had read it."""

    def __init__(self, key: str, value: str | None) -> None:
        now = "is gone" if value is None else f"is {value!r}"
        super().__init__(f"the label {key!r} was changed meanwhile: it {now} now")


class VersionChanged(Refused):
    """The worker was saved after the sender had read it."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the worker is not as it was read any more: its version is {version} now")


class WorkerNotFound(ApplicationError):
    """No worker has this id."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(f"no worker has the id {worker_id!r}")
        self.worker_id = worker_id


class OutsideLimit(WorkerNotFound, Refused):
    """The worker exists, outside the sender's limit: told like one that does not exist."""


class OperationNotFound(ApplicationError):
    """No operation has this id."""

    def __init__(self, operation_id: str) -> None:
        super().__init__(f"no operation has the id {operation_id!r}")


class TokenNotFound(ApplicationError):
    """No API token has this id."""

    def __init__(self, token_id: str) -> None:
        super().__init__(f"no API token has the id {token_id!r}")


class TokenNameTaken(ApplicationError):
    """Two tokens that work must not be told by the same name: the audit trail names them."""

    def __init__(self, name: str, token_id: str) -> None:
        super().__init__(
            f"an API token is called {name!r} already ({token_id}): choose another name, or revoke that one first"
        )


class UserNotFound(ApplicationError):
    """No user has this id."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"no user has the id {user_id!r}")


class InvalidRequest(ApplicationError):
    """The message makes no sense as it stands; the text says what is allowed."""


class CertificateNotPresented(ApplicationError):
    """The endpoint presents another certificate than the one that was to be accepted."""

    def __init__(self, presented: str | None, accepted: str) -> None:
        super().__init__(f"the endpoint presents {presented or 'no certificate yet'}, not {accepted}")


class UnknownScope(InvalidRequest):
    """The region or account is not configured; the text names those that are."""


class SourceUnavailable(ApplicationError):
    """AWS could not be asked about something that only it can tell; `code` is the source's error code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class SourceDenied(SourceUnavailable):
    """AWS answered that it is not allowed: asking again helps nobody, the text names the permission."""
