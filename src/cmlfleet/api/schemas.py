"""Bodies that come in, and lists that go out."""

from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from cmlfleet.api import patterns
from cmlfleet.application.ports.audit import AuditEntry
from cmlfleet.application.principal import Role
from cmlfleet.application.queries import views
from cmlfleet.application.team_limit import TeamLimit, team_limit


def _role(text: str) -> str:
    known = [role.value for role in Role]
    if text not in known:
        raise PydanticCustomError(
            "role", "{given} is no role; there are: {known}", {"given": repr(text), "known": ", ".join(known)}
        )
    return text


Text = Annotated[str, StringConstraints(max_length=1024, pattern=patterns.TEXT)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=patterns.TEXT)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=patterns.TEXT)]
RoleName = Annotated[
    str, AfterValidator(_role), Field(json_schema_extra={"pattern": f"^({'|'.join(role.value for role in Role)})$"})
]
LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=patterns.LABEL_KEY)]
LabelValue = Annotated[str, StringConstraints(max_length=256, pattern=patterns.LABEL_VALUE)]


class Body(BaseModel):
    """Strict: what is not known or of another type is refused, never guessed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known(cls, given: Any) -> Any:
        names = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        unknown = next((name for name in names if name not in cls.model_fields), None)
        if unknown is not None:
            raise PydanticCustomError(
                "unknown_field",
                "unknown field {name}; known are: {known}",
                {"name": repr(unknown), "known": ", ".join(cls.model_fields)},
            )
        return cast("Any", given)


class ImportBody(Body):
    """Which instances to adopt: by ids, or by tags that must all match."""

    region: Name
    account_id: Name | None = None
    instance_ids: list[Name] = Field(default_factory=list[str], max_length=1000)
    tags: dict[Name, Text] = Field(default_factory=dict[str, str], max_length=50)
    dry_run: bool = False


class UpdateBody(Body):
    """Labels are merged, null removes one; a note of null removes the note.

    `expected_labels` are labels as they were read, null for one that was not there: where one is another by now,
    nothing is changed.
    """

    labels: dict[LabelKey, LabelValue | None] = Field(default_factory=dict[str, str | None], max_length=100)
    expected_labels: dict[LabelKey, LabelValue | None] = Field(default_factory=dict[str, str | None], max_length=100)
    note: Annotated[str, StringConstraints(max_length=4096, pattern=patterns.TEXT)] | None = None


class RefreshManyBody(Body):
    """The named workers, else all that match, else the whole fleet."""

    worker_ids: list[Name] | None = Field(default=None, max_length=100_000)
    region: Name | None = None
    account_id: Name | None = None
    status: Name | None = None
    health: Name | None = None
    label: Name | None = None


class CredentialsBody(Body):
    """A user name with its password, or a token."""

    username: Name | None = None
    password: Name | None = None
    token: Annotated[str, StringConstraints(min_length=1, max_length=8192, pattern=patterns.TEXT)] | None = None


class CertificateBody(Body):
    """The fingerprint that was compared and is accepted."""

    fingerprint: Name


class LimitBody(Body):
    """Only workers in one of the accounts that carry the labels: `key=value`; one of several values of a key."""

    labels: list[Annotated[str, StringConstraints(max_length=400, pattern=patterns.LABEL)]] = Field(
        default_factory=list[str], max_length=100
    )
    accounts: list[Name] = Field(default_factory=list[str], max_length=100)

    def team_limit(self) -> TeamLimit | None:
        """None where nothing limits."""
        return team_limit(labels=self.labels, accounts=self.accounts)


class TokenBody(Body):
    """A new API token."""

    name: Name
    role: RoleName
    limit: LimitBody | None = None
    expires_at: Annotated[datetime, Field(strict=False)] | None = None


class WorkerList(BaseModel):
    """A page of workers."""

    items: list[views.WorkerView]
    next_cursor: str | None
    total: int


class EventList(BaseModel):
    """A page of events."""

    items: list[views.EventView]
    next_cursor: str | None
    total: int


class AuditList(BaseModel):
    """A page of the audit trail."""

    items: list[AuditEntry]
    next_cursor: str | None
    total: int


class LabList(BaseModel):
    """A page of labs; `reason`, of one worker: why they are not known, or only its account's own (`not_admin`).
    `unread` names the workers of which that holds, whatever else was asked for."""

    items: list[views.LabView]
    next_cursor: str | None
    total: int
    reason: str | None
    unread: views.UnreadLabsView


class Limit(BaseModel):
    """Only workers in one of the accounts (any, when empty) that carry the labels."""

    labels: list[str]
    accounts: list[str]


class OperationItemBody(BaseModel):
    """One worker's part of an operation; `name` is the worker's as it was when that began."""

    worker_id: str
    name: str | None
    state: str
    detail: str | None


class OperationBody(BaseModel):
    """Long work and its progress."""

    id: str
    kind: str
    state: str
    done: int
    total: int
    items: list[OperationItemBody]
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    within: Limit | None


class OperationList(BaseModel):
    """The newest operations."""

    items: list[OperationBody]
    next_cursor: str | None
    total: int


class SamplePoint(BaseModel):
    """Means of one step; null where no sample fell into it."""

    at: datetime
    cpu_utilization: float | None
    memory_utilization: float | None
    disk_utilization: float | None
    labs_count: float | None
    labs_running: float | None
    nodes_running: float | None


class SamplesBody(BaseModel):
    """The history of a worker's figures."""

    step_seconds: int
    points: list[SamplePoint]


class TokenRecord(BaseModel):
    """A token without its text."""

    id: str
    name: str
    role: str
    created_at: datetime
    limit: Limit | None
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenList(BaseModel):
    """Every token."""

    items: list[TokenRecord]
    next_cursor: str | None
    total: int


class NewToken(BaseModel):
    """The token, shown this once, and its record."""

    token: str
    record: TokenRecord


class SignInBody(Body):
    """An API token, or a user's name and password."""

    token: Secret | None = None
    username: Secret | None = None
    password: Secret | None = None


class SetUpBody(Body):
    """The first admin, with the code that the service printed."""

    code: Secret
    username: Name
    password: Secret


class PasswordBody(Body):
    """One's own password, and the one to come."""

    present: Secret
    new: Secret


class UserBody(Body):
    """Somebody new."""

    name: Name
    role: RoleName
    limit: LimitBody | None = None
    password: Secret


class UserChangeBody(Body):
    """What is not given stays; a limit of null is none."""

    role: RoleName | None = None
    limit: LimitBody | None = None
    disabled: bool | None = None
    password: Secret | None = None


class UserList(BaseModel):
    """Every user."""

    items: list[views.UserView]
    next_cursor: str | None
    total: int


class SignInOptions(BaseModel):
    """How one may sign in. `set_up`: there is no user yet, and the service printed a code for the first."""

    password: bool
    openid: bool
    set_up: bool


class Health(BaseModel):
    """The process is alive."""

    status: str
    version: str


class Readiness(BaseModel):
    """Whether requests can be served; each part only to whoever is signed in."""

    status: str
    parts: dict[str, Any] | None = None
