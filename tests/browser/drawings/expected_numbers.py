"""The numbers of a step by the reference network, under their places in the answers."""

from typing import Any

import numpy as np

from tests.browser.drawings.reference_network import (
    Array,
    LayerValues,
    backpropagate,
    descend,
    loss_of,
    predict,
    read_weights,
)

Json = dict[str, Any]
RATE = 0.5


class ExpectedNumbers:
    """Every number of an explanation whose layers are dense and whose batch is shown whole.

    Args:
        explanation: read are its weights and targets, and which edge stands where.
        rows: encoded inputs of its rows.
        kind: loss.
    """

    def __init__(self, explanation: Json, rows: list[list[float]], kind: str) -> None:
        self._explanation, self._kind = explanation, kind
        self._weights = read_weights(explanation)
        self._x, outputs = np.array(rows), explanation["layers"][-1]["unit_count"]
        targets = explanation["loss"]["targets"]
        is_class = isinstance(targets[0], int)
        self._y = np.eye(outputs)[targets] if is_class else np.array(targets)
        self._values = backpropagate(self._weights, self._x, self._y, kind)
        self._after = descend(self._weights, self._values, RATE)

    def at(self, path: str) -> float:
        """The number at a JSON pointer into the explanation."""
        keys = path.partition("?")[0].strip("/").split("/")
        if keys[0] == "loss":
            return self._loss(keys[1], path)
        layer = int(keys[1])
        if keys[2] == "parameters":
            entry = self._explanation["layers"][layer]["parameters"][int(keys[3])]
            index = entry["entries"][int(keys[5])]["index"]
            return self._weight(layer, index[0], index[1], keys[6])
        unit = self._explanation["layers"][layer]["units"][int(keys[3])]
        if keys[4] == "edges":
            source = unit["edges"][int(keys[5])]["source"][0]
            if keys[6] == "input":
                return float(self._values[layer].x[:, source].mean())
            return self._weight(layer, source, unit["unit"], keys[-1])
        if keys[4] == "bias":
            weights = self._weights if keys[5] == "before" else self._after
            return float(weights[layer].b[unit["unit"]])
        return self._quantity(self._values[layer], keys[4], keys[5], unit["unit"])

    def _loss(self, field: str, path: str) -> float:
        if field == "targets":
            index = path.partition("?is=")[2] or path.rpartition("/")[2]
            return float(self._y[0, int(index)])
        weights = self._weights if field == "value" else self._after
        return loss_of(self._kind, predict(weights, self._x)[-1][1], self._y)

    def _weight(self, layer: int, source: int, unit: int, field: str) -> float:
        gradient = float(self._values[layer].w_gradient[source, unit])
        before = float(self._weights[layer].w[source, unit])
        found = {"weight": before, "before": before, "loss_gradient": gradient}
        return {**found, "change": -RATE * gradient, "after": before - RATE * gradient}[field]

    def _quantity(self, values: LayerValues, field: str, basis: str, unit: int) -> float:
        found: Array | None = getattr(values, field)
        assert found is not None, field
        if basis == "rows":
            return float(found[0, unit])
        total = found[:, unit].sum() if field in {"a_gradient", "delta"} else found[:, unit].mean()
        return float(total)
