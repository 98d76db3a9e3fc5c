"""A compute pool without child processes, for tests of what they compute."""

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

from service.runtime.compute_child import Failure
from store.settings import Settings
from tests.training import open_worker_context


class ComputeHere:
    """Calls functions in threads of this process; arguments and results are pickled on the way."""

    def __init__(self, settings: Settings) -> None:
        self.resources = open_worker_context(settings)

    async def run(self, function: Callable[..., Any], *args: object, seconds: float = 0.0) -> Any:
        sent = pickle.loads(pickle.dumps((function, args)))
        received = pickle.loads(pickle.dumps(await asyncio.to_thread(self._call, *sent)))
        if isinstance(received, Failure):
            raise received.rebuild()
        return received

    def _call(self, function: Callable[..., Any], args: tuple[object, ...]) -> Any:
        try:
            return function(self.resources, *args)
        except Exception as error:  # noqa: BLE001 - raised by `run`
            return Failure.of(error)

    def stop(self) -> None:
        self.resources.database.close()
