"""PostgreSQL's connections are asked whether they still live only where that is in doubt.

SQLAlchemy's own `pool_pre_ping` asks before every transaction: a round trip more for each, which a
busy service feels. A server that ends connections, or dies, makes their sockets readable; what is
left is silence, which only a connection that has rested for a while can have missed.
"""

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

PING_AFTER_SECONDS = 5.0
_RESTED_SINCE = "backpropd_rested_since"


def pre_ping_idle(engine: Engine) -> None:
    """Replace the pool's connections that are found dead when they are taken out of it."""

    def note(_connection: Any, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        record.info[_RESTED_SINCE] = time.monotonic()

    def check(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        since = record.info.get(_RESTED_SINCE)
        if since is None:  # it was made this moment
            return
        is_in_doubt = time.monotonic() - since > PING_AFTER_SECONDS or _is_readable(connection)
        if is_in_doubt and not _answers(engine, connection):
            raise InvalidatePoolError

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", check)


def _is_readable(connection: Any) -> bool:  # noqa: ANN401 - a psycopg connection
    """Whether the server has said something, or hung up, although it was asked nothing."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:  # noqa: ANN401 - a psycopg connection
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
