"""Keep-alive of a dataset while its blob is being stored."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from store.datasets.datasets import touch_dataset
from store.db.database import Database

logger = logging.getLogger(__name__)

# Well below the age at which a sweep treats an incomplete dataset as abandoned.
INTERVAL_SECONDS = 60.0


@contextmanager
def kept_alive(database: Database, dataset_id: str) -> Iterator[None]:
    """Renew the timestamp of an incomplete dataset from a thread until the block ends.

    The timestamp is in the database, because the sweep may run on another machine and the blob may
    be in a bucket: a file lock or a modification time would not be visible to the sweep.
    """
    stopped = threading.Event()

    def renew() -> None:
        while not stopped.wait(INTERVAL_SECONDS):
            try:
                with database.writing() as session:
                    touch_dataset(session, dataset_id)
            except Exception as error:  # noqa: BLE001 - after any error, the next try may succeed
                logger.warning("could not renew dataset %s, trying again: %s", dataset_id, error)

    thread = threading.Thread(target=renew, name="keep-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
