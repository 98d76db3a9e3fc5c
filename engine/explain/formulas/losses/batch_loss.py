"""Formula of the loss of a batch."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import TOP, given, spoken_row, strongest, symbol


def batch_loss(
    row_losses: Sequence[float], weights: Sequence[float] | None = None, *, top: int = TOP
) -> Formula:
    """L = (1 / B) Σ_r w l, the mean of the rows' losses, each multiplied by its weight.

    Args:
        row_losses: l of each row, shape `(batch,)`.
        weights: w of each row, shape `(batch,)`; None if the rows have no weights.
        top: the number of rows that are written out.
    """
    factors = [1.0] * len(row_losses) if weights is None else weights

    def write(row: int) -> Expression:
        loss = symbol("l", row_losses[row], superscript=f"({row + 1})", words=_words(row))
        if weights is None:
            return loss
        return symbol("w", weights[row], superscript=f"({row + 1})") * loss

    values = [loss * weight for loss, weight in zip(row_losses, factors, strict=True)]
    total = strongest(values, write, top)
    if len(row_losses) == 1:
        return define(LOSS, total)
    rows = given("B", len(row_losses), words="the number of rows")
    return define(LOSS, (1 / rows) * total)


def _words(row: int) -> str:
    return f"the loss of {spoken_row(f'({row + 1})')}"
