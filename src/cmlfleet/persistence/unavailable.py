"""Which errors say that the database cannot be used, and which say that what was to be stored is wrong."""

import sqlite3

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from cmlfleet.application.ports.storage import StorageUnavailable

_SQLSTATES = frozenset({"08", "25", "28", "3D", "40", "53", "55", "57", "58", "XX", "42501"})
"""Classes of PostgreSQL's error codes (its manual's appendix A) that are not the statement's or the data's fault:
connection, read-only, authentication, no such database, deadlock, disk or memory full, lock, shutdown, input and
output, corruption; and a missing privilege."""


def unavailable(error: Exception) -> StorageUnavailable | None:
    """The error in the port's words; None when it does not mean that the database cannot be used."""
    cause: BaseException = error
    if isinstance(error, DBAPIError) and error.orig is not None:
        # SQLAlchemy wraps asyncpg's errors in some of its own.
        cause = error.orig.__cause__ or error.orig
    if not _means_unavailable(error, cause):
        return None
    return StorageUnavailable(f"the database cannot be used: {str(cause) or 'it did not answer in time'}")


def _means_unavailable(error: Exception, cause: BaseException) -> bool:
    if isinstance(error, OSError | PoolTimeoutError | OperationalError | sqlite3.OperationalError):
        return True
    if isinstance(error, InterfaceError):
        return not isinstance(cause, ValueError)  # asyncpg's way to say that a value does not fit its column
    if type(error) in (DatabaseError, sqlite3.DatabaseError):  # SQLite: the file is damaged, or no database at all
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    sqlstate = getattr(cause, "sqlstate", None)
    return isinstance(sqlstate, str) and (sqlstate in _SQLSTATES or sqlstate[:2] in _SQLSTATES)
