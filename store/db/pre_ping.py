"""Pre-ping of idle PostgreSQL connections: a pooled connection is pinged only if it may be dead.

SQLAlchemy's own `pool_pre_ping` pings before every transaction, which costs one more round trip
each. A server that closes connections, or dies, makes their sockets readable, which is checked
locally. A lost network shows no sign, so connections that were idle for a while are pinged.
"""

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

PING_AFTER_SECONDS = 5.0
_IDLE_SINCE = "backpropd_idle_since"


def pre_ping_idle(engine: Engine) -> None:
    """Replace dead connections of the pool at checkout."""

    def mark_idle(_connection: Any, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        record.info[_IDLE_SINCE] = time.monotonic()

    def check(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        since = record.info.get(_IDLE_SINCE)
        if since is None:  # a new connection
            return
        may_be_dead = time.monotonic() - since > PING_AFTER_SECONDS or _is_readable(connection)
        if may_be_dead and not _is_alive(engine, connection):
            raise InvalidatePoolError

    event.listen(engine, "checkin", mark_idle)
    event.listen(engine, "checkout", check)


def _is_readable(connection: Any) -> bool:  # noqa: ANN401 - a psycopg connection
    """Return whether the server has sent unexpected data or closed the connection."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _is_alive(engine: Engine, connection: Any) -> bool:  # noqa: ANN401 - a psycopg connection
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
