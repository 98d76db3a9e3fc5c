"""Formulas of the loss of one row."""

from engine import specs
from engine.explain.formulas.activations.values import exponential_sum
from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.class_weights import class_weight, class_weights
from engine.explain.formulas.losses.error_terms import error_loss
from engine.explain.formulas.losses.output_row import OutputRow, scale
from engine.explain.formulas.quantities import mean_factor
from engine.explain.formulas.symbols import HALF, function, given, symbol

ROW_LOSS = symbol("l", words="the loss of the row")


def row_loss(  # noqa: PLR0911 - one case per loss
    spec: specs.LossSpec, row: OutputRow
) -> tuple[Formula, ...]:
    """Return the formulas of a row's loss l: the textbook's, then that of the logits.

    The second one is there where training computes another form of the first, which keeps its
    precision when a probability is rounded to 0 or 1.
    """
    match spec:
        case specs.CrossEntropy(label_smoothing=0.0):
            return _cross_entropy(row)
        case specs.CrossEntropy(label_smoothing=smoothing):
            return _smoothed_cross_entropy(smoothing, row)
        case specs.BinaryCrossEntropy():
            return _binary_cross_entropy(row)
        case specs.Hinge(margin=margin):
            return (define(ROW_LOSS, _hinge(margin, row)),)
        case specs.Poisson():
            return _poisson(row)
        case specs.Gaussian():
            return (define(ROW_LOSS, _gaussian(row)),)
        case _:
            expression, where = error_loss(spec, row)
            return (define(ROW_LOSS, expression, *where),)


def _cross_entropy(row: OutputRow) -> tuple[Formula, ...]:
    """−ln p of the class."""
    c = row.target_class
    of_logits = _log_partition(row, c)
    return (define(ROW_LOSS, -function("ln", row.p(c))), define(ROW_LOSS, of_logits))


def _log_partition(row: OutputRow, index: int) -> Expression:
    """−ln p, computed from the logits."""
    if row.activation == "sigmoid":
        return function("ln", 1 + function("exp", -row.z(index)))
    return function("ln", exponential_sum(row.logits, row.top)) - row.z(index)


def _smoothed_cross_entropy(smoothing: float, row: OutputRow) -> tuple[Formula, ...]:
    """−Σ_k q_k ln p_k."""
    indices = range(row.count)

    def weighted(k: int, expression: Expression) -> Expression:
        return class_weight(smoothing, row, k).left * expression

    textbook = -row.total(lambda k: weighted(k, function("ln", row.p(k))), indices)
    if row.activation == "sigmoid":
        of_logits = row.total(lambda k: weighted(k, _log_partition(row, k)), indices)
    else:
        mean_logit = row.total(lambda k: weighted(k, row.z(k)), indices)
        of_logits = function("ln", exponential_sum(row.logits, row.top)) - mean_logit
    return tuple(
        define(ROW_LOSS, form, *class_weights(smoothing, row, form))
        for form in (textbook, of_logits)
    )


def _binary_cross_entropy(row: OutputRow) -> tuple[Formula, ...]:
    """The mean over outputs of −(y ln p + (1 − y) ln(1 − p))."""

    def textbook(k: int) -> Expression:
        p, y = row.p(k), row.y(k)
        return -(y * function("ln", p) + (1 - y) * function("ln", 1 - p))

    def of_logit(k: int) -> Expression:
        return function("ln", 1 + function("exp", row.z(k))) - row.y(k) * row.z(k)

    first = define(ROW_LOSS, row.mean(textbook))
    if row.activation == "softmax":
        return (first,)
    return first, define(ROW_LOSS, row.mean(of_logit))


def _hinge(margin: float, row: OutputRow) -> Expression:
    """The mean over classes of max(0, margin − z_class + z_k), for k other than the class."""
    m, c = given("m", margin, words="the margin"), row.target_class
    others = [k for k in range(row.count) if k != c]
    total = row.total(lambda k: function("max", 0, m - row.z(c) + row.z(k)), others)
    return scale(mean_factor(row.count, "the number of classes"), total)


def _poisson(row: OutputRow) -> tuple[Formula, ...]:
    """The mean over outputs of ŷ − y ln ŷ."""

    def textbook(k: int) -> Expression:
        return row.predicted(k) - row.y(k) * function("ln", row.predicted(k))

    def of_logit(k: int) -> Expression:
        return function("exp", row.z(k)) - row.y(k) * row.z(k)

    first = define(ROW_LOSS, row.mean(textbook))
    if row.activation == "softplus":
        return (first,)
    return first, define(ROW_LOSS, row.mean(of_logit))


def _gaussian(row: OutputRow) -> Expression:
    """The mean over targets of ½ (s + (y − μ)² exp(−s))."""
    targets = row.count // 2

    def write(k: int) -> Expression:
        mean, log_variance = row.gaussian(k)
        square = (row.y(k) - mean) ** 2
        return HALF * (log_variance + square * function("exp", -log_variance))

    total = row.total(write, range(targets))
    return scale(mean_factor(targets, "the number of targets"), total)
