"""The people of one controller."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    username: str
    password: str
    is_admin: bool
    created_at: datetime
    modified_at: datetime
    fullname: str = ""
    description: str = ""
    email: str = ""
    last_login_at: datetime | None = None
    groups: list[str] = field(default_factory=list[str])
