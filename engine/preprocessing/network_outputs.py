"""Descriptions of the network outputs: which target each belongs to, and what it stands for."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from engine.data.table import Level, level_text
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedColumn,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    numbers_of,
)
from engine.preprocessing.network_inputs import describe_inputs
from engine.specs import PROBABILITY_ACTIVATIONS, Gaussian, Quantile, ResolvedSpec

OutputMeaning = Literal[
    "probability", "score", "value", "quantile", "mean", "log_variance", "reconstruction"
]


@dataclass(frozen=True)
class NetworkOutput:
    """One output of the network.

    Attributes:
        name: name for people.
        target: the target column, or the column that is reconstructed.
        class_label: the class that the output is about; None for numbers. A single output for two
            classes is about the second of them.
        meaning: `probability`: probability of the class; `score`: the largest belongs to the
            predicted class; `value`: the number; `quantile`: a quantile of the number; `mean`,
            `log_variance`: parameters of the number's normal distribution; `reconstruction`: the
            network input of the same index.
        center: see `scale`.
        scale: number in the unit of the column = output · scale + center; None if output and
            targets are not scaled.
        logarithm: whether that formula returns sign(x) · log(1 + |x|) of the number x.
    """

    name: str
    target: str
    class_label: Level | None
    meaning: OutputMeaning
    center: float | None = None
    scale: float | None = None
    logarithm: bool = False


def describe_outputs(
    spec: ResolvedSpec, columns: Sequence[FittedColumn], target: FittedTarget
) -> tuple[NetworkOutput, ...]:
    """Return the description of each network output, in the outputs' order.

    Args:
        spec: the spec of the training.
        columns: the fitted features.
        target: the fitted target.
    """
    match target:
        case ClassTarget():
            return tuple(_describe_classes(spec, target))
        case LabelTargets():
            return tuple(
                NetworkOutput(_name_class(one, one.classes[1]), one.name, one.classes[1], meaning)
                for one in target.labels
                for meaning in [_meaning_of_classes(spec)]
            )
        case NumericTarget() | NumericTargets():
            return tuple(_describe_numbers(spec, numbers_of(target)))
        case InputsTarget():
            return tuple(
                NetworkOutput(
                    one.name,
                    one.column,
                    None,
                    "reconstruction",
                    one.center,
                    one.scale,
                    one.logarithm,
                )
                for one in describe_inputs(columns)
            )
        case _:
            assert_never(target)


def _describe_classes(spec: ResolvedSpec, target: ClassTarget) -> Iterator[NetworkOutput]:
    meaning = _meaning_of_classes(spec)
    is_single = spec.network.output.units == 1
    for label in target.classes[1:] if is_single else target.classes:
        yield NetworkOutput(_name_class(target, label), target.name, label, meaning)


def _meaning_of_classes(spec: ResolvedSpec) -> OutputMeaning:
    is_probability = spec.network.output.activation in PROBABILITY_ACTIVATIONS
    return "probability" if is_probability else "score"


def _name_class(target: ClassTarget, label: Level) -> str:
    return f"{target.name} = {level_text(label)}"


def _describe_numbers(
    spec: ResolvedSpec, targets: Sequence[NumericTarget]
) -> Iterator[NetworkOutput]:
    has_variances = isinstance(spec.loss, Gaussian)
    meaning: OutputMeaning = "quantile" if isinstance(spec.loss, Quantile) else "value"
    for one in targets:
        is_scaled = one.center != 0 or one.scale != 1
        center, scale = (one.center, one.scale) if is_scaled else (None, None)
        name = f"mean of {one.name}" if has_variances else one.name
        shown = "mean" if has_variances else meaning
        yield NetworkOutput(name, one.name, None, shown, center, scale)
    for one in targets if has_variances else ():
        # log (scale² · exp(output)): of the variance, the unit is a summand.
        center, scale = (None, None) if one.scale == 1 else (2 * math.log(one.scale), 1.0)
        name = f"log variance of {one.name}"
        yield NetworkOutput(name, one.name, None, "log_variance", center, scale)
