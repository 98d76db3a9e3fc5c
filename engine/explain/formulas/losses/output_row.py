"""The outputs and the target of a row, on which its loss depends, as symbols."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from engine.arrays import Indices
from engine.explain.formulas.evaluate import evaluate
from engine.explain.formulas.expression import Expression, Product, Symbol
from engine.explain.formulas.quantities import mean_factor
from engine.explain.formulas.symbols import TOP, given, strongest, symbol
from engine.specs import BinaryCrossEntropy, CrossEntropy, Gaussian, LossSpec, OutputActivation


@dataclass(frozen=True)
class OutputRow:
    """The outputs of the network for one row, and its target.

    The index of an output may also be an array of indices: the symbols then have arrays as values.

    Attributes:
        activation: the output activation.
        logits: z, the outputs before the activation, shape `(outputs,)`.
        outputs: the outputs, shape `(outputs,)`.
        target: the row's targets, shape `(targets,)`, or the index of its class.
        top: the number of terms of a sum that are written out.
    """

    activation: OutputActivation
    logits: Sequence[float]
    outputs: Sequence[float]
    target: Sequence[float] | int
    top: int = TOP

    @property
    def count(self) -> int:
        """Number of outputs."""
        return len(self.logits)

    @property
    def target_class(self) -> int:
        """The index of the class, of losses of classes."""
        if isinstance(self.target, int):
            return self.target
        message = "the target is numbers, not a class"
        raise TypeError(message)

    def z(self, index: int) -> Symbol:
        """Return a logit."""
        return symbol("z", _at(self.logits, index), index + 1)

    def p(self, index: int) -> Symbol:
        """Return an output that is a probability."""
        return symbol(
            "p", _at(self.outputs, index), index + 1, words=self._words("prediction", index)
        )

    def predicted(self, index: int) -> Symbol:
        """Return an output that is a quantity, ŷ."""
        words = self._words("prediction", index)
        return symbol("y", _at(self.outputs, index), index + 1, mark="hat", words=words)

    def y(self, index: int) -> Symbol:
        """Return the target of an output: a number, or 1 for the class and 0 for the others."""
        target = self.target
        value = 1.0 * (index == target) if isinstance(target, int) else _at(target, index)
        return symbol("y", value, index + 1, words=self._words("target", index))

    def error(self, index: int) -> Expression:
        """Return ŷ − y."""
        return self.predicted(index) - self.y(index)

    def gaussian(self, index: int) -> tuple[Symbol, Symbol]:
        """Return the mean μ and the log variance s of a target."""
        number = index + 1
        log_variance = _at(self.outputs, self.count // 2 + index)
        return (
            symbol("μ", _at(self.outputs, index), number),
            symbol("s", log_variance, number, words=f"the log variance {number}"),
        )

    def total(self, write: Callable[[int], Expression], indices: Sequence[int]) -> Expression:
        """Return the sum of the terms of outputs.

        All terms have one form: their values are computed at once, of arrays.
        """
        every = cast("int", np.asarray(indices, np.intp))
        values = np.broadcast_to(evaluate(write(every)), len(indices)).tolist()
        return strongest(values, lambda place: write(indices[place]), self.top)

    def mean(self, write: Callable[[int], Expression]) -> Expression:
        """Return the mean of the terms of all outputs."""
        total = self.total(write, range(self.count))
        return scale(mean_factor(self.count, "the number of outputs"), total)

    def _words(self, noun: str, index: int) -> str:
        return f"the {noun}" if self.count == 1 else f"the {noun} of output {index + 1}"


def _at(values: Sequence[float], index: int | Indices) -> float:
    if isinstance(index, np.ndarray):
        return cast("float", np.asarray(values, np.float64)[index])
    return values[index]


@dataclass(frozen=True)
class Share:
    """The share w / B of a row's loss in the loss of its batch.

    Attributes:
        rows: B, the number of rows of the batch.
        weight: w, the weight of the row; None if the rows have no weights.
    """

    rows: int
    weight: float | None = None

    def factors(self) -> tuple[Expression, ...]:
        """Return the share as factors; none if it is 1 because the batch is one row."""
        rows = given("B", self.rows, words="the number of rows")
        if self.weight is not None:
            return (symbol("w", self.weight, words="the weight of the row") / rows,)
        return () if self.rows == 1 else (1 / rows,)


def prediction(spec: LossSpec, row: OutputRow, index: int) -> Symbol:
    """Return an output by the name that it has in the formulas of the loss: p, ŷ, μ or s."""
    match spec:
        case CrossEntropy() | BinaryCrossEntropy():
            return row.p(index)
        case Gaussian():
            targets = row.count // 2
            return row.gaussian(index % targets)[index // targets]
        case _:
            return row.predicted(index)


def scale(factors: tuple[Expression, ...], expression: Expression) -> Expression:
    """Return the product of the factors and the expression."""
    if not factors:
        return expression
    inner = expression.factors if isinstance(expression, Product) else (expression,)
    return Product((*factors, *inner))
