"""The database's clock in milliseconds since 1970, so that all processes share one clock.

Integers compare and add identically on SQLite and PostgreSQL; records hold UTC datetimes.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as milliseconds since 1970-01-01."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Convert a datetime to milliseconds."""
        return None if value is None else round(value.timestamp() * 1000)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Convert milliseconds to a datetime."""
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


class now(FunctionElement[datetime]):  # noqa: N801 - named like the SQL function
    """The database's clock when the statement runs."""

    type = Instant()
    inherit_cache = True
    name = "backpropd_now"


@compiles(now, "sqlite")
def _now_on_sqlite(_element: now, _compiler: Any, **_options: Any) -> str:  # noqa: ANN401
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(now, "postgresql")
def _now_on_postgresql(_element: now, _compiler: Any, **_options: Any) -> str:  # noqa: ANN401
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def shifted(seconds: float) -> ColumnElement[datetime]:
    """Return the database's clock shifted by `seconds`, which may be negative."""
    return type_coerce(type_coerce(now(), BigInteger) + round(seconds * 1000), Instant)
