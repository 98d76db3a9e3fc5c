"""Formula of the gradient of binary cross entropy at the logits of a softmax."""

from engine.explain.formulas.activations.values import exponential_sum
from engine.explain.formulas.evaluate import evaluate
from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.output_row import OutputRow, scale
from engine.explain.formulas.quantities import mean_factor
from engine.explain.formulas.symbols import function, given, symbol


def softmax_binary_gradient(row: OutputRow, index: int) -> tuple[Expression, tuple[Formula, ...]]:
    """(1 / n) (p_i (n − Σ_k≠i a_k) − y_i), with a_k = (1 − y_k) / (1 − p_k)."""
    n = given("n", row.count, words="the number of outputs")
    others = [k for k in range(row.count) if k != index]
    ratios = {k: _ratio(row, k) for k in others}
    total = row.total(lambda k: ratios[k].left, others)
    expression = row.p(index) * (n - total) - row.y(index)
    shown = tuple(ratios[k] for k in others[: row.top])
    return scale(mean_factor(row.count, "the number of outputs"), expression), shown


def _ratio(row: OutputRow, index: int) -> Formula:
    """The ratio a = (1 − y) / (1 − p).

    Its value is computed from the other logits: 1 − p may be rounded to 0.
    """
    formula = define(symbol("a", 0, index + 1), (1 - row.y(index)) / (1 - row.p(index)))
    others = [z for k, z in enumerate(row.logits) if k != index]
    log_complement = function("ln", exponential_sum(others, len(others))) - function(
        "ln", exponential_sum(row.logits, row.count)
    )
    return formula.with_value(evaluate((1 - row.y(index)) / function("exp", log_complement)))
