"""The values of a step, its layers and parameters; numbers that are not finite are None."""

from dataclasses import dataclass

from engine.explain.explanation.values import FormulaText, ParameterEntry, UnitExplanation


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
        values: every value before the step in row-major order, or a part of them, if asked for.
        gradients: every loss gradient, likewise.
        changes: every change by the step, likewise.
        values_left_out: number of values that are not shown, likewise.
        formulas: of the first entry, from its gradient to its new value, if formulas are shown.
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
    values_left_out: int | None = None
    formulas: tuple[FormulaText, ...] = ()


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
        after: L of the same batch with the weights after the step and the same dropout masks; None
            if the step diverged.
        rows: losses of the rows that are shown, not weighted.
        rows_after: their losses with the weights after the step.
        shares: share of each of these rows in L: weight / batch.
        outputs: activated outputs of these rows.
        targets: their targets as the loss takes them: a class index, or numbers.
        formulas: of the batch's loss, and of the loss of the first row that is shown.
    """

    value: float | None
    penalty: float | None
    objective: float | None
    after: float | None
    rows: tuple[float | None, ...]
    rows_after: tuple[float | None, ...]
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
        formulas: of the learning rate and of the norm of the gradient.
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
    formulas: tuple[FormulaText, ...] = ()


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
