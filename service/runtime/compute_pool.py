"""Child processes that compute for requests: the process of the event loop serves all clients."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from service.http.compute_errors import (
    ComputationFailedError,
    ComputeBusyError,
    ComputeStoppedError,
    ComputeTimeoutError,
)
from service.runtime import compute_child
from store.settings import Settings

if TYPE_CHECKING:
    from pebble import ProcessFuture, ProcessPool

T = TypeVar("T")

MAX_PROCESSES = 2
# Calls that wait for a process; further ones are refused.
MAX_WAITING = 6
# A process is replaced after as many calls, which bounds what their memory may have grown by.
MAX_CALLS = 500
# Processes that have computed nothing for this long are ended.
IDLE_SECONDS = 300.0
COMPUTE_SECONDS = 10.0
# Wait for a lock that a process which was ended may have held.
LOCK_SECONDS = 3.0
_CHECK_SECONDS = 1.0


class ComputePool:
    """Calls functions in child processes, which are started by the first call.

    Args:
        settings: settings of the service, of which the children open resources of their own.
        modules: names of modules that the children import when they start.
        max_processes: number of children.
        idle_seconds: the children end after as long without a call.
        memory_bytes: memory that a child may take for a call; None for that of a job.
        ends_cancelled: whether the child of a call that is cancelled is killed.
        has_resources: whether functions get DataResources; others get None.
    """

    def __init__(
        self,
        settings: Settings,
        modules: Sequence[str] = (),
        *,
        max_processes: int = MAX_PROCESSES,
        idle_seconds: float = IDLE_SECONDS,
        memory_bytes: int | None = None,
        ends_cancelled: bool = False,
        has_resources: bool = True,
    ) -> None:
        self._settings = settings
        self._memory_bytes = settings.max_job_memory_bytes if memory_bytes is None else memory_bytes
        self._ends_cancelled = ends_cancelled
        self._has_resources = has_resources
        self._modules = tuple(modules)
        self._max_processes = max_processes
        self._idle_seconds = idle_seconds
        self._pool: ProcessPool | None = None
        self._opening = threading.Lock()
        # Calls that wait or run, counted in the event loop; and processes without a call.
        self._calls = 0
        self._free = asyncio.Semaphore(max_processes)
        self._idle_timer: asyncio.TimerHandle | None = None
        self._is_stopped = False

    async def run(
        self, function: Callable[..., T], *args: object, seconds: float | None = COMPUTE_SECONDS
    ) -> T:
        """Return `function(resources, *args)`, computed in a child process.

        A call that is cancelled while it waits is not computed. One that is being computed goes on
        to its end or its time limit, unless `ends_cancelled`: later calls would have to wait for a
        new process.

        Args:
            function: a function at the top of a module; `resources` are DataResources.
            args: further arguments, which can be pickled, as can the result.
            seconds: time limit of the computation, without the wait for a free process; None for
                none but the processor time that the function itself limits.

        Raises:
            ComputeBusyError: too many calls are waiting.
            ComputeTimeoutError: the time limit was reached.
            ComputeMemoryError: the memory limit was reached.
            ComputeStoppedError: the service stops.
            ComputationFailedError: the process ended, or an exception of no known kind was raised.
            EngineError, StoreError, ServiceError: raised by the function.
        """
        if self._calls >= self._max_processes + MAX_WAITING:
            raise ComputeBusyError(self._calls)
        if not self._calls:
            # A semaphore belongs to one event loop, and without calls all processes are free.
            self._free = asyncio.Semaphore(self._max_processes)
        self._calls += 1
        self._stop_idle_timer()
        result = await self._compute(function, args, seconds)
        if isinstance(result, compute_child.Failure):
            raise result.rebuild()
        return result

    async def warm_up(self) -> None:
        """Start the processes, so that the next call does not wait for their imports."""
        if self._is_stopped or self._pool is not None:
            return
        await to_thread.run_sync(self._open)
        if not self._calls:
            self._start_idle_timer(asyncio.get_running_loop())

    def stop(self) -> None:
        """End the processes, and with them what they compute."""
        self._is_stopped = True
        self._stop_idle_timer()
        with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            _end(pool)

    async def _compute(
        self, function: Callable[..., T], args: tuple[object, ...], seconds: float | None
    ) -> T | compute_child.Failure:
        from pebble import ProcessExpired

        loop = asyncio.get_running_loop()
        try:
            pool, call = await self._schedule(function, args, seconds)
        except BaseException:
            self._end_call(loop)
            raise
        try:
            return await _wait_for(call, pool)
        except TimeoutError as error:
            raise ComputeTimeoutError(seconds or 0.0) from error
        except (BrokenProcessPool, ProcessExpired) as error:
            if getattr(error, "exitcode", None) == -signal.SIGXCPU:
                raise ComputeTimeoutError(seconds or 0.0) from error
            raise (ComputeStoppedError if self._is_stopped else ComputationFailedError) from error
        except asyncio.CancelledError:
            if self._is_stopped:
                raise ComputeStoppedError from None
            raise
        finally:
            if self._ends_cancelled or not pool.active:
                call.cancel()
            if call.done():
                self._free_process(loop)
            else:
                call.add_done_callback(lambda _: _call_in(loop, self._free_process))

    async def _schedule(
        self, function: Callable[..., T], args: tuple[object, ...], seconds: float | None
    ) -> "tuple[ProcessPool, ProcessFuture[T | compute_child.Failure]]":
        """Hand a call to the pool as soon as a process is free for it.

        The pool's own queue is not used: a call in it that is cancelled costs the process that
        takes it.
        """
        await self._free.acquire()
        try:
            if self._is_stopped:
                raise ComputeStoppedError
            pool = self._pool
            if pool is None or not pool.active:
                pool = await to_thread.run_sync(self._open)
            return pool, pool.schedule(compute_child.call, args=(function, args), timeout=seconds)
        except BaseException:
            self._free.release()
            raise

    def _free_process(self, loop: asyncio.AbstractEventLoop) -> None:
        self._free.release()
        self._end_call(loop)

    def _end_call(self, loop: asyncio.AbstractEventLoop) -> None:
        self._calls -= 1
        if not self._calls:
            self._start_idle_timer(loop)

    def _open(self) -> "ProcessPool":
        """Return the running pool; start a new one if there is none, or if it has broken down."""
        from pebble import CONSTS, ProcessPool

        CONSTS.channel_lock_timeout = LOCK_SECONDS
        with self._opening:
            if self._pool is not None and self._pool.active:
                return self._pool
            broken = self._pool
            self._pool = ProcessPool(
                max_workers=self._max_processes,
                max_tasks=MAX_CALLS,
                initializer=partial(compute_child.start, has_resources=self._has_resources),
                initargs=(self._settings, self._modules, os.getpid(), self._memory_bytes),
                # A fork would copy locks that other threads hold.
                context=multiprocessing.get_context("spawn"),
            )
            # Starts the processes.
            assert self._pool.active  # noqa: S101
        if broken is not None:
            _end(broken)
        return self._pool

    def _start_idle_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_idle_timer()
        self._idle_timer = loop.call_later(self._idle_seconds, self._end_idle, loop)

    def _stop_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _end_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._calls:
            return
        pool, self._pool = self._pool, None
        if pool is not None:
            loop.run_in_executor(None, _end, pool)


def _call_in(
    loop: asyncio.AbstractEventLoop, function: Callable[[asyncio.AbstractEventLoop], None]
) -> None:
    """Call a function with a loop in the loop's thread, unless it has ended."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, loop)


async def _wait_for(call: "ProcessFuture[T]", pool: "ProcessPool") -> T:
    """Return the result of a call. Raises BrokenProcessPool, and as the call."""
    future = asyncio.wrap_future(call)
    # A pool that breaks down forgets the calls that it has not begun.
    while not future.done() and pool.active:
        await asyncio.wait({future}, timeout=_CHECK_SECONDS)
    if not future.done():
        raise BrokenProcessPool
    return future.result()


def _end(pool: "ProcessPool") -> None:
    pool.stop()
    pool.join()
