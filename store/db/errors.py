"""Translate SQLAlchemy errors: storage full, unavailable, unstorable value, or internal."""

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from store.errors import (
    DamagedDatabaseError,
    StorageFullError,
    StoreError,
    StoreUnavailableError,
    UnstorableValueError,
)

_DISK_FULL_STATE = "53100"
# Connection lost, not authorized, out of resources, stopped by an operator, system error.
_UNAVAILABLE_CLASSES = frozenset({"08", "28", "53", "57", "58"})
_UNAVAILABLE_STATES = frozenset(
    {
        "25006",  # the server has become a standby
        "25P03",  # the server has ended an idle transaction
        "25P04",  # the server has ended a long transaction
        "40001",  # serialization failure
        "40P01",  # deadlock
        "42501",  # the user may not do this
        "55P03",  # a lock was not available
    }
)
_DAMAGED_CODES = frozenset({sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})
_FULL_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
# Primary codes. SQLITE_ERROR is not one of them: it means that the statement is wrong.
_UNAVAILABLE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
    }
)


def store_error(error: SQLAlchemyError) -> StoreError | None:
    """Return the store error for a SQLAlchemy error; None for an internal error."""
    if isinstance(error, PoolTimeoutError):
        return StoreUnavailableError(_first_line(error))
    if isinstance(error, StatementError) and isinstance(error.orig, UnstorableValueError):
        # Raised while binding parameters; SQLAlchemy wraps it.
        return UnstorableValueError(error.orig.reason)
    if isinstance(error, DataError):
        return UnstorableValueError(_first_line(error.orig))
    return _error_of_driver(error) if isinstance(error, DBAPIError) else None


def _error_of_driver(error: DBAPIError) -> StoreError | None:
    text = _first_line(error)
    if _primary_code(error) in _DAMAGED_CODES:
        found = f"the database file is damaged, or not of SQLite ({_first_line(error.orig)})"
        remedy = "restore a backup, or set BACKPROPD_DATABASE_URL to another file"
        return DamagedDatabaseError(f"{found}: {remedy}")
    if _means_full(error):
        return StorageFullError(text)
    return StoreUnavailableError(text) if _means_unavailable(error) else None


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]


def _means_full(error: DBAPIError) -> bool:
    """Return whether the database's disk is full."""
    return _state(error) == _DISK_FULL_STATE or _code(error) in _FULL_CODES


def _means_unavailable(error: DBAPIError) -> bool:
    """Return whether a valid statement failed because the database cannot run it at present."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return _primary_code(error) in _UNAVAILABLE_CODES
    state = _state(error)
    if state is None:
        # No response from the server: the connection failed or was lost.
        return isinstance(error, OperationalError)
    return state[:2] in _UNAVAILABLE_CLASSES or state in _UNAVAILABLE_STATES


def _state(error: DBAPIError) -> str | None:
    """Return PostgreSQL's SQLSTATE, if the server has reported one."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _primary_code(error: DBAPIError) -> int | None:
    """Return the lowest byte of SQLite's extended error code, if SQLite has reported one."""
    code = _code(error)
    return None if code is None else code & 0xFF


def _code(error: DBAPIError) -> int | None:
    """Return SQLite's extended error code, if SQLite has reported one."""
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return code
