"""The values of a unit, its edges and weights; numbers that are not finite are None."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.explain.zeros.causes import Cause


@dataclass(frozen=True)
class Zero:
    """Why a number is exactly 0.

    Attributes:
        cause: code of the cause, such as `relu_off`.
        text: the cause with its numbers, as a sentence for a person.
    """

    cause: Cause
    text: str


@dataclass(frozen=True)
class Quantity:
    """A value per row of the batch.

    Attributes:
        batch: of a value, its mean over all rows of the batch; of a gradient, its sum. Gradients
            are those of the batch's loss L, in which each row has a share, so that their sum is the
            weighted mean of the gradients of the rows' own losses. None if not finite, or unknown.
        rows: values of the rows that are shown.
        zeros: cause of each of these values that is 0, None for the others; empty if none is 0.
        zero: cause of the first of these values if it is 0, with its numbers.
    """

    batch: float | None
    rows: tuple[float | None, ...]
    zeros: tuple[Cause | None, ...] = ()
    zero: Zero | None = None


@dataclass(frozen=True)
class FormulaText:
    """A formula with its symbols, its numbers and its result, three times.

    Attributes:
        of: the quantity, such as `z`, `delta` or `loss_gradient`; docs/explain.md lists all.
        value: the result that the training computed.
        latex: as LaTeX.
        mathml: as MathML Core.
        speech: as a sentence to be read aloud.
    """

    of: str
    value: float | None
    latex: str
    mathml: str
    speech: str


@dataclass(frozen=True)
class SlotValue:
    """A state of the optimizer for one parameter, as the formula of the optimizer has it.

    Attributes:
        before: value before the step.
        after: value after the step.
    """

    before: float | None
    after: float | None


@dataclass(frozen=True)
class ParameterEntry:
    """One trained number, from its gradient to its new value.

    Attributes:
        index: index into the parameter's array.
        before: w before the step.
        loss_gradient: ∂L/∂w of the loss.
        l1_gradient: share of the l1 penalty, l1 · sign(w).
        l2_gradient: share of the l2 penalty, 2 · l2 · w.
        gradient: sum of the three.
        clipped: the gradient that the optimizer reads.
        slots: state of the optimizer by name.
        update: change by the optimizer.
        max_norm_change: change by the max-norm constraint.
        change: w′ − w, both together.
        after: w after the step.
        zero_gradient: cause of a loss gradient of 0; None if it is not 0.
        zero_update: cause of an unchanged value; None if it changed.
    """

    index: tuple[int, ...]
    before: float | None
    loss_gradient: float | None
    l1_gradient: float | None
    l2_gradient: float | None
    gradient: float | None
    clipped: float | None
    slots: Mapping[str, SlotValue]
    update: float | None
    max_norm_change: float | None
    change: float | None
    after: float | None
    zero_gradient: Zero | None = None
    zero_update: Zero | None = None


@dataclass(frozen=True)
class Edge:
    """A connection from a value of the layer's input to a unit.

    Attributes:
        source: index into the layer's input; None for padding.
        parameter: name of the array that holds the weight; None for a fixed weight.
        weight: the number by which the input is multiplied, before the step.
        input: the input value x.
        term: w · x, the edge's share of the unit's value; None if the unit selects one input.
        contribution: x · δ, the edge's share of ∂L/∂w; None for a fixed weight, or without δ.
        entry: the weight from its gradient to its new value; None for a fixed weight.
        formulas: from the gradient to the new value, if formulas are shown.
    """

    source: tuple[int, ...] | None
    parameter: str | None
    weight: float | None
    input: Quantity
    term: Quantity | None
    contribution: Quantity | None
    entry: ParameterEntry | None
    formulas: tuple[FormulaText, ...] = ()


@dataclass(frozen=True)
class UnitExplanation:
    """One unit of a layer.

    Attributes:
        unit: index of the unit, counted in row-major order.
        index: index into the layer's output.
        z: value before the activation; of dropout, its input.
        a: value after it; that of the output layer has the output activation.
        a_gradient: ∂L/∂a; None where it is not computed: at the output of a loss that is fused with
            its activation, such as cross entropy.
        delta: δ = ∂L/∂z; None if no layer up to this one is trained.
        slope: f′(z), per row only; None without an activation, and for softmax.
        active_rows: number of rows of the batch with a ≠ 0.
        bias: the unit's bias; None without one.
        bias_formulas: from the bias's gradient to its new value, if formulas are shown.
        edges: those with the largest absolute contributions.
        edges_left_out: number of edges that are not shown.
        edges_share: share of the shown edges in Σ |contribution|; None if it is 0.
        formulas: of the first row that is shown, if formulas are.
    """

    unit: int
    index: tuple[int, ...]
    z: Quantity
    a: Quantity
    a_gradient: Quantity | None
    delta: Quantity | None
    slope: Quantity | None
    active_rows: int
    bias: ParameterEntry | None
    bias_formulas: tuple[FormulaText, ...]
    edges: tuple[Edge, ...]
    edges_left_out: int
    edges_share: float | None
    formulas: tuple[FormulaText, ...] = ()
