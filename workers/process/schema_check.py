"""Check of the database's schema before a worker's first child is forked."""

import logging
import sys
import time

from store.db.database import Database
from store.db.migrate import check_schema
from store.errors import ConfigurationError, StoreUnavailableError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
# As of the other commands: a further start fails as well.
EXIT_STATUS = 2


def require_schema(database_url: str) -> None:
    """Return once the database is reachable and has the schema of this version.

    Raises SystemExit, after one line on stderr, if the schema is of another version or the database
    cannot be used at all: a worker of an older version would write what later ones cannot read.
    """
    has_warned = False
    try:
        database = Database(database_url)
        while True:
            try:
                check_schema(database)
            except StoreUnavailableError as error:
                if not has_warned:
                    logger.warning("cannot check the schema, retrying: %s", error)
                has_warned = True
                time.sleep(RETRY_SECONDS)
            else:
                # Forked children must not share connections.
                database.close()
                return
    except ConfigurationError as error:
        sys.stderr.write(f"backpropd: {error}\n")
        raise SystemExit(EXIT_STATUS) from error
