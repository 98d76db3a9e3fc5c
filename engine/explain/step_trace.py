"""All numbers of one training step, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.arrays import Floats, Indices
from engine.layers.base import Layer, Penalty
from engine.training.step_inputs import StepInputs


@dataclass(frozen=True)
class Recorded:
    """An array with one entry per row of the batch, of which some rows are kept.

    Attributes:
        rows: the kept rows, `(kept, *shape)`, with the bits that training has computed.
        mean: mean over all rows of the batch, `(*shape,)`, float64.
        nonzero: number of rows of the batch with a value other than 0, `(*shape,)`.
    """

    rows: Floats
    mean: Floats
    nonzero: Indices


@dataclass(frozen=True)
class LayerTrace:
    """The arrays of one layer, forward and backward.

    Attributes:
        layer: the layer; its parameters are those after the step.
        inputs: x `(batch, *in_shape)`.
        outputs: y `(batch, *out_shape)`.
        output_gradient: ∂L/∂y; None if no layer up to this one is trained, or the step diverged.
        input_gradient: ∂L/∂x; None if no layer before this one is trained.
        mask: scaled mask of a dropout layer, `(batch, *shape)`: 0 or 1 / (1 − rate).
        inverse_std: 1 / √(σ² + ε) of a normalization: of each channel of the batch, `(channels,)`,
            or of each kept row, `(kept, 1)`. None for other layers, and for a frozen batch
            normalization, which uses its running statistics.
    """

    layer: Layer
    inputs: Recorded
    outputs: Recorded
    output_gradient: Recorded | None = None
    input_gradient: Recorded | None = None
    mask: Recorded | None = None
    inverse_std: Floats | None = None

    @property
    def name(self) -> str:
        """Name of the layer, such as `layers.0`; an activation has that of the layer before it."""
        return self.layer.name


@dataclass(frozen=True)
class ParameterTrace:
    """One parameter array through the step; all arrays have its shape.

    A frozen parameter, and a state such as a running mean, has no gradients. After a divergence the
    arrays of later stages are None.

    Attributes:
        name: full name, such as `layers.0.weight`.
        layer: name of its layer.
        is_frozen: whether it is fixed.
        is_state: whether it is a state, which the forward pass updates.
        penalty: regularization of its layer.
        before: values before the step.
        loss_gradient: ∂L/∂w of the loss.
        gradient: gradient of the objective: loss and penalties, before clipping.
        clipped: gradient that the optimizer reads.
        slots_before: state of the optimizer before the step, by name.
        slots_after: state of the optimizer after the step, by name.
        moved: values after the optimizer's update, before max-norm.
        after: values after the step.
    """

    name: str
    layer: str
    is_frozen: bool
    is_state: bool
    penalty: Penalty
    before: Floats
    loss_gradient: Floats | None
    gradient: Floats | None
    clipped: Floats | None
    slots_before: Mapping[str, Floats]
    slots_after: Mapping[str, Floats]
    moved: Floats | None
    after: Floats


@dataclass(frozen=True)
class StepTrace:
    """One training step.

    Attributes:
        inputs: state and batch before the step.
        kept: positions in the batch of the rows that are kept, `(kept,)`.
        learning_rate: η of the step.
        loss: L, the weighted mean over the batch; without penalties.
        penalty: Σ l1 · |w| + l2 · w² before the step.
        row_losses: loss of each row, `(batch,)`, not weighted.
        loss_after: L with the weights after the step and the same dropout masks; None if the step
            diverged.
        row_losses_after: loss of each row then, `(batch,)`.
        shares: share of each row in L, `(batch,)`: weight / batch, 1 / batch without weights.
        outputs: activation(logits) `(batch, out_features)`.
        output_gradient: ∂L/∂logits; None if the loss is not finite.
        prediction_gradient: ∂L/∂ŷ, which losses of the error compute before ∂L/∂logits; None for
            other losses, whose derivative is fused with that of the activation.
        layers: in forward order, a block before its layers.
        parameters: trained ones first.
        gradient_norm: Euclidean norm of the gradient before clipping; None without gradients.
        clip_factor: factor by which all gradients were multiplied; 1 without clipping by norm.
        evaluations: evaluations of the objective by the optimizer's line search.
        step_length: α of L-BFGS, which moved w by α · d; None for other optimizers.
        diverged_in: name of the layer in which a value is not finite; None if all are.
        after: arrays of the state after the step, named as those of `inputs`.
    """

    inputs: StepInputs
    kept: Indices
    learning_rate: float
    loss: float
    penalty: float
    row_losses: Floats
    loss_after: float | None
    row_losses_after: Floats | None
    shares: Floats
    outputs: Recorded
    output_gradient: Recorded | None
    prediction_gradient: Recorded | None
    layers: tuple[LayerTrace, ...]
    parameters: tuple[ParameterTrace, ...]
    gradient_norm: float | None
    clip_factor: float
    evaluations: int
    step_length: float | None
    diverged_in: str | None
    after: Mapping[str, Floats]

    @property
    def rows(self) -> int:
        """Number of rows of the batch."""
        return len(self.inputs.batch.x)
