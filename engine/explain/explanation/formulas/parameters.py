"""Formulas of one trained number, from the gradient of its loss to its new value."""

from collections.abc import Iterator

from engine.explain.explanation.formulas.texts import write_formula
from engine.explain.explanation.parameters import ParameterReader
from engine.explain.explanation.values import FormulaText, ParameterEntry
from engine.explain.formulas import Formula
from engine.explain.formulas.expression import Derivative
from engine.explain.formulas.optimizers import WeightStep, lbfgs_update, optimizer_update
from engine.explain.formulas.training.gradient_clipping import clipped_gradient
from engine.explain.formulas.training.max_norm import max_norm, weight_norm
from engine.explain.formulas.training.penalties import objective_gradient
from engine.explain.step_trace import StepTrace
from engine.specs import Lbfgs


def entry_formulas(
    trace: StepTrace, reader: ParameterReader, entry: ParameterEntry
) -> Iterator[FormulaText]:
    """Write the formulas of penalties, clipping, the optimizer and max-norm, as far as they apply.

    Args:
        trace: the step.
        reader: reader of the parameter.
        entry: the number of the parameter.
    """
    letter = "b" if reader.trace.name.endswith(".bias") else "w"
    before, loss_gradient, gradient = entry.before, entry.loss_gradient, entry.gradient
    if before is None or loss_gradient is None or gradient is None or entry.clipped is None:
        return
    if entry.l1_gradient or entry.l2_gradient:
        penalty = reader.trace.penalty
        formula = objective_gradient(loss_gradient, before, penalty.l1, penalty.l2, letter=letter)
        yield write_formula("gradient", formula, gradient)
    clip = trace.inputs.spec.gradient_clip
    if clip is not None:
        formula = clipped_gradient(clip, gradient, trace.gradient_norm)
        yield write_formula("clipped", formula, entry.clipped)
    yield from _update(trace, entry, letter)
    if reader.trace.penalty.max_norm is not None and letter == "w":
        yield from _max_norm(reader, entry, reader.trace.penalty.max_norm)


def _update(trace: StepTrace, entry: ParameterEntry, letter: str) -> Iterator[FormulaText]:
    """Write the formulas of the optimizer; the last one is that of the new value."""
    assert entry.before is not None  # noqa: S101 - checked by the caller
    assert entry.clipped is not None  # noqa: S101 - likewise
    optimizer = trace.inputs.spec.optimizer
    moved = None if entry.update is None else entry.before + entry.update
    if isinstance(optimizer, Lbfgs):
        alpha, change = trace.step_length or 0.0, entry.update or 0.0
        direction = change / alpha if alpha else 0.0
        formula = lbfgs_update(entry.before, alpha, direction, letter=letter)
        yield write_formula("moved", formula, moved)
        return
    step = WeightStep(
        weight=entry.before,
        gradient=entry.clipped,
        slots={name: slot.before or 0.0 for name, slot in entry.slots.items()},
        learning_rate=trace.learning_rate,
        t=trace.inputs.step + 1,
        letter=letter,
    )
    for formula in optimizer_update(optimizer, step):
        name = _name(formula)
        is_weight = name == f"{letter}_new"
        slot = entry.slots.get(name.removesuffix("_new")) if name.endswith("_new") else None
        value = moved if is_weight else None if slot is None else slot.after
        yield write_formula("moved" if is_weight else name, formula, value)


def _name(formula: Formula) -> str:
    """Return the name of the computed quantity in ASCII, such as `m_new` or `m_hat`."""
    name = formula.left.name
    assert not isinstance(name, Derivative)  # noqa: S101 - an optimizer computes quantities
    parts = [name.letter, *map(str, name.subscripts), name.mark]
    suffix = "new" if name.superscript == "′" else name.superscript
    return "_".join(part for part in (*parts, suffix) if part)


def _max_norm(
    reader: ParameterReader, entry: ParameterEntry, limit: float
) -> Iterator[FormulaText]:
    moved = reader.trace.moved
    if moved is None:
        return
    incoming = moved.reshape(-1, moved.shape[-1])[:, entry.index[-1]]
    norm = weight_norm(incoming.tolist())
    yield write_formula("weight_norm", norm)
    formula = max_norm(float(moved[entry.index]), norm.value, limit)
    yield write_formula("after", formula, entry.after)
