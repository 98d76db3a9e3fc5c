"""A pass over the rows that are not trained on."""

from engine.arrays import Floats, Targets
from engine.estimates import CHUNK_ROWS
from engine.losses.base import Loss
from engine.metrics import Tally
from engine.network import Network


class Validation:
    """The rows held out, with what is needed to pass them through the network.

    Args:
        network: the one that is trained; its workspaces are used between two steps.
        loss: of the training.
        tally: for these rows.
        x: inputs, `(rows, in_features)`.
        y: targets.
    """

    def __init__(self, network: Network, loss: Loss, tally: Tally, x: Floats, y: Targets) -> None:
        self._network, self._loss, self._tally = network, loss, tally
        self._x, self._y = x, y

    def run(self) -> Tally:
        """Loss and metrics of all rows, a chunk at a time; the loss may not be finite."""
        self._tally.reset()
        for start in range(0, len(self._x), CHUNK_ROWS):
            x, y = self._x[start : start + CHUNK_ROWS], self._y[start : start + CHUNK_ROWS]
            loss = self._loss.forward(self._network.forward(x), y)
            self._tally.add(loss, self._loss.outputs, y)
        return self._tally
