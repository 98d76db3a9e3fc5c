"""Base of the errors of the service, and errors of computations for requests.

Child processes import this module alone of those of HTTP: it needs no framework.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.schemas.common import FieldProblem


class ServiceError(Exception):
    """Base of the errors of the service."""

    code = "bad_request"
    errors: "Sequence[FieldProblem]" = ()
    # Headers of the response.
    headers: Mapping[str, str] = {}


class ComputeError(ServiceError):
    """A computation for a request that has no result."""

    code = "compute_failed"


class ComputeBusyError(ComputeError):
    """Too many computations are waiting; retry later."""

    code = "compute_busy"

    def __init__(self, calls: int) -> None:
        super().__init__(f"{calls} computations are running or waiting; try again later")


class ComputeTimeoutError(ComputeError):
    """The computation took longer than its time limit."""

    code = "compute_timeout"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"the computation took longer than {seconds:g} s and was stopped: ask for less, such "
            "as fewer layers, units, rows or formulas, or when the service is less busy"
        )


class ComputeStoppedError(ComputeError):
    """The service stopped before the computation ended."""

    code = "compute_stopped"

    def __init__(self) -> None:
        super().__init__("the service is stopping; try again later")


class ComputeMemoryError(ComputeError):
    """The computation needs more memory than a job may have."""

    code = "compute_memory"

    def __init__(self) -> None:
        super().__init__("the computation needs more memory than the service allows")


class ComputationFailedError(ComputeError):
    """The process of the computation ended, or raised an exception of no known kind."""

    def __init__(self) -> None:
        super().__init__("the computation failed; see the log of the service")
