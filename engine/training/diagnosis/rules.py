"""The rules of the diagnosis: conditions, thresholds, duration and remedies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.findings import FindingCode
from engine.specs import ResolvedSpec
from engine.training.diagnosis import gradients, learning, units
from engine.training.diagnosis.fixes import (
    clip_gradients,
    remedy_of_vanishing,
    replace_activation,
    replace_bounded_activations,
    scale_rate,
    stop_early,
)
from engine.training.diagnosis.subject import LatestEpoch, Subject, Symptom


@dataclass(frozen=True)
class Rule:
    """A condition that is a finding once it has held for several epochs in a row.

    Attributes:
        code: the finding's code.
        epochs: number of consecutive epochs.
        condition: the condition in words.
        thresholds: its limits by name.
        remedy: what helps, in any network.
        find: yields the places where the condition holds in an epoch.
        fix: returns the finding's fix for a pointer; None if there is none.
        remedy_for: returns what helps in a training of this spec; None if that is `remedy`.
    """

    code: FindingCode
    epochs: int
    condition: str
    thresholds: Mapping[str, float]
    remedy: str
    find: Callable[[Subject, LatestEpoch], Iterator[Symptom]]
    fix: Callable[[Subject, str], dict[str, Any] | None]
    remedy_for: Callable[[ResolvedSpec], str] | None = None

    def advise(self, spec: ResolvedSpec) -> str:
        """Return what helps in a training of this spec."""
        return self.remedy if self.remedy_for is None else self.remedy_for(spec)


RULES: tuple[Rule, ...] = (
    Rule(
        code="vanishing_gradients",
        epochs=5,
        condition="The gradient per weight (root mean square) of the first dense or convolution "
        "layer, divided by that of the last, is below `ratio`. At least `layers` such layers. Not "
        "if it is 0 behind a layer all of whose relu units are dead.",
        thresholds={"ratio": gradients.VANISHING_RATIO, "layers": gradients.LEAST_LAYERS},
        remedy="use relu instead of bounded activations (sigmoid, tanh), normalization layers or "
        "residual blocks, or fewer layers",
        find=gradients.vanishing_gradients,
        fix=lambda subject, _: replace_bounded_activations(subject),
        remedy_for=remedy_of_vanishing,
    ),
    Rule(
        code="exploding_gradients",
        epochs=3,
        condition="The gradient norm exceeds `ratio` times that of epoch 0, or is not finite, and "
        "the loss is above that of epoch 0 by more than `rise` of its size. Not with "
        "gradient_clip.",
        thresholds={"ratio": gradients.EXPLODING_RATIO, "rise": gradients.EXPLODING_RISE},
        remedy="clip the gradients (gradient_clip), or lower the learning rate",
        find=gradients.exploding_gradients,
        fix=lambda _subject, _: clip_gradients(),
    ),
    Rule(
        code="dying_relu",
        epochs=5,
        condition="More than `fraction` of a layer's relu units are zero for all rows of the "
        "epoch's last batch, if it has at least `rows` rows; `fraction_of_few_rows` from "
        "`few_rows` rows.",
        thresholds={
            "fraction": units.DEAD_FRACTION,
            "rows": units.MANY_ROWS,
            "fraction_of_few_rows": units.DEAD_FRACTION_OF_FEW_ROWS,
            "few_rows": units.LEAST_ROWS,
        },
        remedy="use leaky_relu, and lower the learning rate",
        find=units.dying_relu,
        fix=lambda subject, pointer: replace_activation(subject, pointer, "leaky_relu"),
    ),
    Rule(
        code="saturated_units",
        epochs=5,
        condition="More than `fraction` of a hidden layer's outputs are saturated, and the loss is "
        "above `share` of the initial one.",
        thresholds={"fraction": units.SATURATED_FRACTION, "share": units.LEARNED_SHARE},
        remedy="use relu, scale the inputs, lower the learning rate, or normalize before the layer",
        find=units.saturated_units,
        fix=lambda subject, pointer: replace_activation(subject, pointer, "relu"),
    ),
    Rule(
        code="no_learning",
        epochs=10,
        condition="The loss is not `fall` below that of the initial weights, relative to its size. "
        "Only with new weights.",
        thresholds={"fall": learning.LEAST_FALL},
        remedy="check target and features, the learning rate and the scale of the inputs",
        find=learning.no_learning,
        fix=lambda _subject, _: None,
    ),
    Rule(
        code="overfitting",
        epochs=6,
        condition="The validation loss exceeds its lowest value by more than `rise` of that value "
        "(at least of `fall_share` of its whole fall), and the training loss has fallen since. Not "
        "if early stopping restores the best epoch.",
        thresholds={"rise": learning.OVERFITTING_RISE, "fall_share": learning.FALL_SHARE},
        remedy="stop early, use more rows, a smaller network, dropout or l2",
        find=learning.overfitting,
        fix=lambda _subject, _: stop_early(),
    ),
    Rule(
        code="learning_rate_too_high",
        epochs=3,
        condition="The largest update ratio of all layers exceeds `update_ratio`, and the loss is "
        "above that of the initial weights by more than `rise` of its size, or rose by that much "
        "from one epoch to the next at least `rises` times in the last `window` epochs. Not with "
        "lbfgs.",
        thresholds={
            "update_ratio": learning.HIGH_UPDATE,
            "rise": learning.LEAST_RISE,
            "rises": learning.RISES,
            "window": learning.WINDOW,
        },
        remedy="lower the learning rate",
        find=learning.learning_rate_too_high,
        fix=lambda subject, _: scale_rate(subject.spec, is_higher=False),
    ),
    Rule(
        code="learning_rate_too_low",
        epochs=5,
        condition="The largest update ratio of all layers is below `update_ratio`, at a rate of at "
        "least `rate_share` of the optimizer's, and the loss fell in `falls` of the last `window` "
        "epochs but is above `share` of the initial one. Not with lbfgs.",
        thresholds={
            "update_ratio": learning.LOW_UPDATE,
            "rate_share": learning.OWN_RATE_SHARE,
            "falls": learning.FALLS,
            "window": learning.WINDOW,
            "share": learning.HIGH_LOSS_SHARE,
        },
        remedy="raise the learning rate, or train for more epochs",
        find=learning.learning_rate_too_low,
        fix=lambda subject, _: scale_rate(subject.spec, is_higher=True),
    ),
)
RULES_BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}
