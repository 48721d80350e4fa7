"""Whether an error says that PostgreSQL is away or busy, so that the same will succeed later."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoConnection

_PASSING = ("08", "25006", "40", "53", "55P03", "57", "58")
"""SQLSTATE: connection, standby, rollback, resources, lock, operator and timeout, system."""


def passes(error: BaseException) -> bool:
    """Whether to try again with the same."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError) or _passes(error.orig)
    return isinstance(error, OSError | TimeoutError | NoConnection) or _passes(error)


def _passes(error: BaseException | None) -> bool:
    if isinstance(error, asyncpg.InterfaceError | OSError):
        return True
    return str(getattr(error, "sqlstate", None) or "").startswith(_PASSING)
