"""Forward and backward pass of a batch in chunks of rows, between which a step can be abandoned."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.layers.chunks import split_rows, training_chunk_rows
from engine.losses.base import Loss
from engine.network import Network
from engine.training.stopping import StepAbandonedError

# Called after the forward pass of each chunk: with its rows in the batch, the chunk, what it adds
# to the loss, and its logits.
OnForward = Callable[[slice, Batch, float, Floats], None]

# A batch of fewer multiplications, and of fewer numbers in workspaces, takes some ten milliseconds
# at most.
_LEAST_MULTIPLICATIONS, _LEAST_NUMBERS = 2**28, 2**22


class BatchPass:
    """Computes the loss of a batch and its gradient.

    A batch of more than `chunk_rows` rows is computed in chunks of nearly equal size, whose
    gradients are added up: the bits depend on the layers, the dtype and the number of rows alone.

    Attributes:
        chunk_rows: maximum rows per chunk; None if batches are never split.
        least_long_rows: rows of a batch whose passes take so long that they can be abandoned.

    Args:
        network: the network; its `gradients` are written.
        loss: the loss.
    """

    def __init__(self, network: Network, loss: Loss) -> None:
        self._network, self._loss = network, loss
        self.chunk_rows = training_chunk_rows(network.layers, network.parameters.dtype)
        multiplications = sum(layer.multiplications() for layer in network.layers)
        numbers = sum(layer.workspace(1) for layer in network.layers)
        self.least_long_rows = min(
            _LEAST_MULTIPLICATIONS // max(multiplications, 1), _LEAST_NUMBERS // max(numbers, 1)
        )
        self._step = 0
        self._sum: Floats = network.gradients[:0]
        self._check: Callable[[], None] | None = None

    def rows_at_once(self, rows: int) -> int:
        """Return the most rows of a batch of `rows` rows that pass through the network at once."""
        return rows if self.chunk_rows is None else min(rows, self.chunk_rows)

    def begin_step(self, step: int) -> None:
        """Start training step `step`, counted from 0 over the whole training."""
        self._step = step

    def begin_chunk(self, index: int, rows: slice) -> None:  # noqa: ARG002 - for observers
        """Start a chunk of the step."""
        if self._check is not None:
            self._check()
        self._network.begin_step(self._step, index)

    @contextmanager
    def abandoned_if(self, abandon: Callable[[], bool]) -> Iterator[None]:
        """Ask before each chunk and after each layer whether to abandon the passes.

        If `abandon` returns True, the pass raises StepAbandonedError.
        """

        def check() -> None:
            if abandon():
                raise StepAbandonedError

        self._check = check
        self._network.check_between_layers(check)
        try:
            yield
        finally:
            self._check = None
            self._network.check_between_layers(None)

    def forward(self, batch: Batch, on_forward: OnForward | None = None) -> float:
        """Return the loss of a batch in training mode, without its gradient."""
        total = 0.0
        for index, rows in enumerate(split_rows(len(batch.x), self.chunk_rows)):
            total += self._forward(batch, index, rows, on_forward)
        return total

    def run(self, batch: Batch, on_forward: OnForward | None = None) -> float:
        """Return the loss of a batch in training mode; write the gradient into the network's."""
        network, loss = self._network, self._loss
        if self.chunk_rows is None or len(batch.x) <= self.chunk_rows:
            # Most steps are short: nothing of their time is spent on chunks.
            network.begin_step(self._step)
            logits = network.forward(batch.x)
            total = loss.forward(logits, batch.y, batch.weights)
            if on_forward is not None:
                on_forward(slice(0, len(logits)), batch, total, logits)
            network.backward(loss.backward())
            return total
        total = 0.0
        for index, rows in enumerate(split_rows(len(batch.x), self.chunk_rows)):
            if index:
                self._keep_gradients(is_first=index == 1)
            total += self._forward(batch, index, rows, on_forward)
            network.backward(loss.backward())
        np.add(network.gradients, self._sum, out=network.gradients)
        return total

    def _forward(
        self, batch: Batch, index: int, rows: slice, on_forward: OnForward | None
    ) -> float:
        """Return what a chunk adds to the loss, after its forward pass."""
        self.begin_chunk(index, rows)
        count = len(batch.x)
        chunk = batch if rows.stop - rows.start == count else _take(batch, rows)
        logits = self._network.forward(chunk.x)
        loss = self._loss.forward(logits, chunk.y, chunk.weights, count)
        if on_forward is not None:
            on_forward(rows, chunk, loss, logits)
        return loss

    def _keep_gradients(self, *, is_first: bool) -> None:
        """Add the gradients of the chunk before to the sum."""
        gradients = self._network.gradients
        if is_first:
            if len(self._sum) != len(gradients):
                self._sum = np.empty_like(gradients)
            np.copyto(self._sum, gradients)
        else:
            np.add(self._sum, gradients, out=self._sum)


def _take(batch: Batch, rows: slice) -> Batch:
    """Return views of consecutive rows of a batch."""
    return Batch(*(None if array is None else array[rows] for array in batch))  # type: ignore[arg-type]
