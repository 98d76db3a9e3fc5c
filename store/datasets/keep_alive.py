"""Keep a dataset from looking abandoned while its blob is stored, however long that takes."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from store.datasets.datasets import touch_dataset
from store.db.database import Database

logger = logging.getLogger(__name__)

# Far below the age at which a sweep takes a dataset that is not ready for abandoned.
INTERVAL_SECONDS = 60.0


@contextmanager
def kept_alive(database: Database, dataset_id: str) -> Iterator[None]:
    """Renew the age of a dataset that is being received, from a thread, until the block ends.

    The sweep may run on another machine, and the blob may be in a bucket: the database is what
    both see, while a lock on a file or its time of change is not.
    """
    stopped = threading.Event()

    def renew() -> None:
        while not stopped.wait(INTERVAL_SECONDS):
            try:
                with database.writing() as session:
                    touch_dataset(session, dataset_id)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next try may succeed
                logger.warning("could not renew dataset %s, trying again: %s", dataset_id, error)

    thread = threading.Thread(target=renew, name="keep-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
