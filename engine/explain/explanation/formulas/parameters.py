"""Formulas of one trained number, from the gradient of its loss to its new value."""

from collections.abc import Iterator

from engine.explain.explanation.formulas.letters import LayerLetters
from engine.explain.explanation.formulas.texts import NEW_VALUE_DIGITS, write_formula
from engine.explain.explanation.parameters import ParameterReader
from engine.explain.explanation.values import FormulaText, ParameterEntry
from engine.explain.formulas import Formula
from engine.explain.formulas.expression import Derivative
from engine.explain.formulas.optimizers import WeightStep, lbfgs_update, optimizer_update
from engine.explain.formulas.renaming import Letters, rename
from engine.explain.formulas.training.gradient_clipping import clipped_gradient
from engine.explain.formulas.training.max_norm import max_norm, weight_norm
from engine.explain.formulas.training.penalties import objective_gradient
from engine.explain.step_trace import StepTrace
from engine.specs import Lbfgs

# The quantity, its formula, and the value that the training computed.
_Named = tuple[str, Formula, float | None]


def entry_formulas(
    trace: StepTrace, reader: ParameterReader, letters: LayerLetters, entry: ParameterEntry
) -> Iterator[FormulaText]:
    """Write the formulas of penalties, clipping, the optimizer and max-norm, as far as they apply.

    Args:
        trace: the step.
        reader: reader of the parameter.
        letters: letters of the parameter's layer.
        entry: the number of the parameter.
    """
    letter = letters.parameter_letter(reader.trace.name)
    names = letters.entry(letter, entry.index)
    before, loss_gradient, gradient = entry.before, entry.loss_gradient, entry.gradient
    if before is None or loss_gradient is None or gradient is None or entry.clipped is None:
        return
    if entry.l1_gradient or entry.l2_gradient:
        penalty = reader.trace.penalty
        formula = objective_gradient(loss_gradient, before, penalty.l1, penalty.l2, letter=letter)
        yield write_formula("gradient", rename(formula, names), gradient)
    clip = trace.inputs.spec.gradient_clip
    if clip is not None:
        formula = clipped_gradient(clip, gradient, trace.gradient_norm)
        yield write_formula("clipped", formula, entry.clipped)
    for of, formula, value in _update(trace, entry, letter):
        yield write_formula(of, rename(formula, names), value, digits=NEW_VALUE_DIGITS)
    if reader.trace.penalty.max_norm is not None and letter == "w":
        yield from _max_norm(reader, names, entry, reader.trace.penalty.max_norm)


def _update(trace: StepTrace, entry: ParameterEntry, letter: str) -> Iterator[_Named]:
    """Yield the formulas of the optimizer; the last one is that of the new value."""
    assert entry.before is not None  # noqa: S101 - checked by the caller
    assert entry.clipped is not None  # noqa: S101 - likewise
    optimizer = trace.inputs.spec.optimizer
    moved = None if entry.update is None else entry.before + entry.update
    if isinstance(optimizer, Lbfgs):
        alpha, change = trace.step_length or 0.0, entry.update or 0.0
        direction = change / alpha if alpha else 0.0
        formula = lbfgs_update(entry.before, alpha, direction, letter=letter)
        yield "moved", formula, moved
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
        name = _name(formula, step.t)
        is_weight = name == f"{letter}_new"
        slot = entry.slots.get(name.removesuffix("_new")) if name.endswith("_new") else None
        value = moved if is_weight else None if slot is None else slot.after
        yield "moved" if is_weight else name, formula, value


def _name(formula: Formula, t: int) -> str:
    """Return the name of the computed quantity in ASCII, such as `m_new`, `m_hat` or `mu_next`.

    Quantities of the update number t have no index, those of the next one are `next`.
    """
    name = formula.left.name
    assert not isinstance(name, Derivative)  # noqa: S101 - an optimizer computes quantities
    subscripts = ["next" if index == t + 1 else index for index in name.subscripts if index != t]
    parts = ["mu" if name.letter == "μ" else name.letter, *map(str, subscripts), name.mark]
    suffix = "new" if name.superscript == "′" else name.superscript
    return "_".join(part for part in (*parts, suffix) if part)


def _max_norm(
    reader: ParameterReader, letters: Letters, entry: ParameterEntry, limit: float
) -> Iterator[FormulaText]:
    moved = reader.trace.moved
    if moved is None:
        return
    incoming = moved.reshape(-1, moved.shape[-1])[:, entry.index[-1]]
    norm = weight_norm(incoming.tolist())
    yield write_formula("weight_norm", norm, digits=NEW_VALUE_DIGITS)
    formula = rename(max_norm(float(moved[entry.index]), norm.value, limit), letters)
    yield write_formula("after", formula, entry.after, digits=NEW_VALUE_DIGITS)
