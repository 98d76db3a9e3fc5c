"""End of a worker's child process while its main thread is in a call that cannot be ended.

The parent replaces the child, as it does with one that was killed.
"""

import logging
import os
from typing import NoReturn

logger = logging.getLogger(__name__)

EXIT_STATUS = 1


def end_process() -> NoReturn:
    """End this process, from any of its threads, without cleaning up."""
    logging.shutdown()
    os._exit(EXIT_STATUS)
