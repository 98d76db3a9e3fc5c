"""The values of an explanation; numbers that are not finite are None."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Zero:
    """Why a number is exactly 0.

    Attributes:
        cause: code of the cause, such as `relu_off`.
        text: the cause with its numbers, as a sentence for a person.
    """

    cause: str
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
    zeros: tuple[str | None, ...] = ()
    zero: Zero | None = None


@dataclass(frozen=True)
class FormulaText:
    """A formula with its symbols, its numbers and its result, three times.

    Attributes:
        of: the quantity, such as `z`, `delta` or `loss_gradient`.
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
    """A state of the optimizer for one parameter, as the textbook's formula has it."""

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
        z: value before the activation.
        a: value after it; that of the output layer has the output activation.
        a_gradient: ∂L/∂a; None where it is not computed: at the output of a loss that is fused with
            its activation, such as cross entropy.
        delta: δ = ∂L/∂z; None if no layer up to this one is trained.
        active_rows: number of rows of the batch with a ≠ 0.
        bias: the unit's bias; None without one.
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
    active_rows: int
    bias: ParameterEntry | None
    edges: tuple[Edge, ...]
    edges_left_out: int
    edges_share: float | None
    formulas: tuple[FormulaText, ...] = ()


@dataclass(frozen=True)
class ParameterExplanation:
    """One parameter array.

    Attributes:
        name: full name, such as `layers.0.weight`.
        shape: shape of the array.
        is_frozen: whether it is fixed.
        is_state: whether it is a state that the forward pass updates, such as a running mean.
        norm: Euclidean norm before the step.
        gradient_norm: norm of the gradient that the optimizer reads; None without one.
        update_norm: norm of the change.
        update_ratio: update_norm / norm; None if the norm is 0.
        zero_gradients: number of loss gradients that are 0; None without gradients.
        entries: those with the largest absolute loss gradient.
        entries_left_out: number of entries that are not shown.
        entries_share: share of the shown entries in Σ |∂L/∂w|; None if it is 0.
        values: every value before the step, in row-major order, if asked for.
        gradients: every loss gradient, likewise.
        changes: every change by the step, likewise.
    """

    name: str
    shape: tuple[int, ...]
    is_frozen: bool
    is_state: bool
    norm: float | None
    gradient_norm: float | None
    update_norm: float | None
    update_ratio: float | None
    zero_gradients: int | None
    entries: tuple[ParameterEntry, ...]
    entries_left_out: int
    entries_share: float | None
    values: tuple[float | None, ...] | None = None
    gradients: tuple[float | None, ...] | None = None
    changes: tuple[float | None, ...] | None = None


@dataclass(frozen=True)
class LayerExplanation:
    """One layer with its activation.

    Attributes:
        name: name, such as `layers.0` or `output`.
        type: kind of the layer.
        activation: name of its activation; None without one.
        in_shape: shape of one row of its input.
        out_shape: shape of one row of its output.
        is_frozen: whether its parameters are fixed.
        parameter_count: number of its trained and frozen parameters.
        unit_count: number of its units.
        units: the units that are shown, in order.
        units_left_out: number of units that are not shown.
        silent_units: number of units with a = 0 for every row of the batch.
        parameters: its parameters.
    """

    name: str
    type: str
    activation: str | None
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    is_frozen: bool
    parameter_count: int
    unit_count: int
    units: tuple[UnitExplanation, ...]
    units_left_out: int
    silent_units: int
    parameters: tuple[ParameterExplanation, ...]


@dataclass(frozen=True)
class LossExplanation:
    """The loss of the batch.

    Attributes:
        value: L, the weighted mean of the rows' losses, without penalties.
        penalty: Σ l1 · |w| + l2 · w².
        objective: sum of both, which the optimizer minimizes.
        rows: losses of the rows that are shown, not weighted.
        shares: share of each of these rows in L: weight / batch.
        outputs: activated outputs of these rows.
        targets: their targets as the loss takes them: a class index, or numbers.
        formulas: of the batch's loss, and of the loss of the first row that is shown.
    """

    value: float | None
    penalty: float | None
    objective: float | None
    rows: tuple[float | None, ...]
    shares: tuple[float | None, ...]
    outputs: tuple[tuple[float | None, ...], ...]
    targets: tuple[int | tuple[float | None, ...], ...]
    formulas: tuple[FormulaText, ...] = ()


@dataclass(frozen=True)
class UpdateExplanation:
    """The part of the update that all parameters share.

    Attributes:
        optimizer: kind of the optimizer.
        t: number of the update, from 1: Adam's t.
        base_rate: learning rate of the optimizer.
        learning_rate: learning rate of this step, by the schedule.
        gradient_norm: Euclidean norm of the gradient, before clipping.
        clip: kind of clipping; None without.
        clip_factor: factor by which clipping by norm multiplied all gradients; 1 without.
        clipped_count: number of gradients that clipping by value changed.
        evaluations: evaluations of the objective by a line search.
        update_norm: Euclidean norm of the change of all trained parameters.
    """

    optimizer: str
    t: int
    base_rate: float
    learning_rate: float | None
    gradient_norm: float | None
    clip: str | None
    clip_factor: float | None
    clipped_count: int
    evaluations: int
    update_norm: float | None


@dataclass(frozen=True)
class StepExplanation:
    """One training step, number by number.

    Attributes:
        step: index of the step, from 0 over the training of the network.
        epoch: index of its epoch.
        step_in_epoch: index of the step in its epoch.
        rows: number of rows of the batch.
        first_row: position in the batch of the first row that is shown.
        rows_shown: number of rows that are shown.
        rows_left_out: number of rows that are not shown.
        dtype: type of all numbers of the training.
        parameter_count: number of trained parameters.
        loss: the loss of the batch.
        layers: the layers that are shown.
        layers_left_out: number of layers that are not shown.
        update: the part of the update that all parameters share.
        diverged_in: layer in which a value is not finite; None if all are.
    """

    step: int
    epoch: int
    step_in_epoch: int
    rows: int
    first_row: int
    rows_shown: int
    rows_left_out: int
    dtype: str
    parameter_count: int
    loss: LossExplanation
    layers: tuple[LayerExplanation, ...]
    layers_left_out: int
    update: UpdateExplanation
    diverged_in: str | None
