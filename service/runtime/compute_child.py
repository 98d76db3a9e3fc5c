"""The side of a child process that computes for requests: its resources, and its calls."""

import importlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.numerics.blas import warm_up_products
from service.http.compute_errors import ComputationFailedError, ComputeMemoryError, ServiceError
from store.environment.memory import end_before_parent, limit_data, use_system_allocator
from store.errors import StoreError
from store.settings import Settings

if TYPE_CHECKING:
    from store.prepared.open import DataResources

logger = logging.getLogger(__name__)

MIB = 2**20
PARENT_POLL_SECONDS = 1.0
# Memory of the process without a job: modules, BLAS buffers, caches.
BASE_BYTES = 512 * MIB
_RESOURCES = "service.runtime.compute_resources"


@dataclass(frozen=True)
class Failure:
    """An exception as picklable parts.

    Most exceptions here have constructors of several parameters, which `pickle` would call with
    the message alone.
    """

    kind: type[Exception]
    args: tuple[Any, ...]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Return the parts of an exception."""
        return cls(type(error), error.args, vars(error))

    def rebuild(self) -> Exception:
        """Return an equal exception."""
        error = self.kind.__new__(self.kind, *self.args)
        error.args = self.args
        vars(error).update(self.attributes)
        return error


@dataclass
class _Process:
    settings: Settings | None = None
    has_resources: bool = True
    resources: "DataResources | None" = None


_process = _Process()


def start(
    settings: Settings,
    modules: Sequence[str],
    parent: int,
    memory_bytes: int,
    *,
    has_resources: bool = True,
) -> None:
    """Prepare a new child process.

    Args:
        settings: settings of the service.
        modules: modules to import now rather than in the first call.
        parent: pid of the service, whose death ends this process.
        memory_bytes: memory that the process may take for a call.
        has_resources: whether calls get resources, whose modules take a second to import.
    """
    # Python's handlers run between two instructions, and a matrix product is one of them.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_before_parent()
    use_system_allocator()
    limit_data(memory_bytes + BASE_BYTES)
    _watch_parent(parent)
    _process.settings, _process.has_resources = settings, has_resources
    for module in (*modules, *((_RESOURCES,) if has_resources else ())):
        importlib.import_module(module)
    warm_up_products()


def call(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any function's
    """Return `function(resources, *args)`, or a Failure for an exception.

    Exceptions of engine, store and service are returned as they are. Any other is logged here.
    """
    try:
        return function(_open_resources(), *args)
    except (EngineError, StoreError, ServiceError) as error:
        return Failure.of(error)
    except MemoryError:
        return Failure.of(ComputeMemoryError())
    except Exception:
        logger.exception("a computation failed")
        return Failure.of(ComputationFailedError())


def _open_resources() -> "DataResources | None":
    """Return the resources, opened by the first call; None if calls get none.

    Raises StoreUnavailableError.
    """
    settings = _process.settings
    if settings is None:
        raise RuntimeError("the process was not started by a ComputePool")
    if _process.resources is None and _process.has_resources:
        from service.runtime.compute_resources import open_resources  # noqa: PLC0415 - see `start`

        _process.resources = open_resources(settings)
    return _process.resources


def _watch_parent(parent: int) -> None:
    """Start a thread that ends this process after its parent has died."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
