"""The accounts of one controller."""

from collections.abc import Iterator
from datetime import datetime

from cmlfleet.simulator.controller.exchange import ApiError
from cmlfleet.simulator.controller.identifiers import IdSource
from cmlfleet.simulator.controller.users import User

_STUDENT_PASSWORD = "student-password"  # nobody signs in as a student unless a test does


class UserStore:
    """The administrator is there from the start."""

    __slots__ = ("_by_id", "_ids", "_installed_at")

    def __init__(self, *, ids: IdSource, admin_name: str, admin_password: str, installed_at: datetime) -> None:
        self._ids = ids
        self._installed_at = installed_at
        self._by_id: dict[str, User] = {}
        self.add(username=admin_name, password=admin_password, is_admin=True)

    def __iter__(self) -> Iterator[User]:
        return iter(self._by_id.values())

    @property
    def admin(self) -> User:
        return next(iter(self._by_id.values()))

    def add(
        self,
        *,
        username: str,
        password: str = _STUDENT_PASSWORD,
        is_admin: bool = False,
        fullname: str = "",
        created_at: datetime | None = None,
    ) -> User:
        """Raises `ApiError` 422 when the name is taken, as CML does."""
        if any(user.username == username for user in self):
            raise ApiError(422, f"User already exists: {username}")
        created_at = created_at or self._installed_at
        user = User(
            id=self._ids.named("user", username),
            username=username,
            password=password,
            is_admin=is_admin,
            fullname=fullname,
            created_at=created_at,
            modified_at=created_at,
        )
        self._by_id[user.id] = user
        return user

    def get(self, user_id: str) -> User:
        """Raises `ApiError` 404."""
        user = self._by_id.get(user_id)
        if user is None:
            raise ApiError(404, f"User does not exist: {user_id}")
        return user

    def by_name(self, username: str) -> User:
        """Raises `KeyError`."""
        for user in self:
            if user.username == username:
                return user
        raise KeyError(username)

    def signing_in(self, username: str, password: str) -> User | None:
        """The user these credentials belong to, or None."""
        for user in self:
            if user.username == username and user.password == password:
                return user
        return None

    def remove(self, user: User) -> None:
        """Raises `ApiError` 400 for the administrator's own account."""
        if user is self.admin:
            raise ApiError(400, f"User {user.username} cannot be deleted.")
        del self._by_id[user.id]
