"""Histograms and statistics of the numbers of one training step, layer by layer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.activations import build_activation
from engine.arrays import Floats
from engine.explain.explanation.layer_group import LayerGroup, group_layers
from engine.explain.step_trace import ParameterTrace, Recorded, StepTrace
from engine.layers.activation import ActivationLayer
from engine.numerics.blocks import blocks
from engine.numerics.norms import finite_or_none, largest_magnitude

BINS = 40
# c and d: values with |y − c| ≥ d are saturated, see `engine.activations.Activation`.
Saturation = tuple[float, float]


@dataclass(frozen=True)
class Histogram:
    """Counts of values in bins of equal width.

    Attributes:
        edges: edges of the bins, ascending, one more than bins. A value on an edge belongs to the
            bin above it, the largest value to the last bin. If all values are equal, so are all
            edges, and the values are in the last bin.
        counts: number of values per bin.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Distribution:
    """Statistics of many values; of the finite ones, except for the counts.

    Attributes:
        count: number of values.
        not_finite: number of values that are infinite or NaN.
        mean: mean; None without finite values, or if it overflows.
        std: standard deviation, of all values rather than of a sample; None likewise.
        minimum: smallest value; None without finite values.
        maximum: largest value; None without finite values.
        zeros: fraction of all values that are exactly 0; None without values.
        saturated: fraction of all values at which the activation is nearly flat; None for values
            of other functions.
        histogram: None without finite values.
    """

    count: int
    not_finite: int
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    zeros: float | None
    saturated: float | None
    histogram: Histogram | None


@dataclass(frozen=True)
class LayerDistributions:
    """Distributions of one layer: of parameters all values, of other numbers those of kept rows.

    Attributes:
        name: name of the layer.
        type: kind of the layer.
        pre_activations: values before the activation; None for a layer without one.
        activations: outputs of the layer, after its activation.
        deltas: ∂L/∂z; None if it is not computed.
        weights: parameters before the step, by full name.
        gradients: gradients of the objective before clipping, by full name of the parameter.
        updates: changes of the parameters by the step, by full name.
    """

    name: str
    type: str
    pre_activations: Distribution | None
    activations: Distribution
    deltas: Distribution | None
    weights: Mapping[str, Distribution]
    gradients: Mapping[str, Distribution]
    updates: Mapping[str, Distribution]


@dataclass(frozen=True)
class StepDistributions:
    """Distributions of the numbers of a step.

    Attributes:
        rows: number of rows of the batch.
        kept_rows: number of them whose values are counted; parameters do not depend on it.
        layers: in forward order, a block before its layers.
    """

    rows: int
    kept_rows: int
    layers: tuple[LayerDistributions, ...]


def step_distributions(trace: StepTrace, bins: int = BINS) -> StepDistributions:
    """Return the distributions of a step's numbers, in histograms with this number of bins."""
    layers = tuple(_of_layer(trace, group, bins) for group in group_layers(trace))
    return StepDistributions(trace.rows, len(trace.kept), layers)


def distribution(
    values: Floats, bins: int = BINS, saturation: Saturation | None = None
) -> Distribution:
    """Return statistics and histogram of an array.

    Args:
        values: C-contiguous array of any shape.
        bins: number of bins of the histogram.
        saturation: where an activation with these values is flat.
    """
    finite = values if np.isfinite(values).all() else values[np.isfinite(values)]
    lowest = float(finite.min()) if finite.size else None
    highest = float(finite.max()) if finite.size else None
    mean = _mean(finite, 0.0, 1)
    variance = None if mean is None else _mean(finite, mean, 2)
    return Distribution(
        count=values.size,
        not_finite=values.size - finite.size,
        mean=mean,
        std=None if variance is None else variance**0.5,
        minimum=lowest,
        maximum=highest,
        zeros=_share(values.size - int(np.count_nonzero(values)), values.size),
        saturated=None if saturation is None else _saturated(values, *saturation),
        histogram=_histogram(finite, bins) if finite.size else None,
    )


def _is_activation(group: LayerGroup) -> bool:
    return isinstance(group.transform.layer, ActivationLayer)


def _of_layer(trace: StepTrace, group: LayerGroup, bins: int) -> LayerDistributions:
    parameters = [one for one in trace.parameters if one.layer == group.name]
    has_activation = group.activation is not None or _is_activation(group)
    has_activation |= group.loss_outputs is not None
    trained = [one for one in parameters if one.gradient is not None]
    return LayerDistributions(
        name=group.name,
        type=group.type,
        pre_activations=_of_rows(group.z, bins) if has_activation else None,
        activations=distribution(group.a.rows, bins, _saturation(trace, group)),
        deltas=_of_rows(group.delta, bins),
        weights={one.name: distribution(one.before, bins) for one in parameters},
        gradients=_named(((one, one.gradient) for one in trained), bins),
        updates=_named(
            ((one, one.after - one.before) for one in trained if one.moved is not None), bins
        ),
    )


def _named(
    arrays: Iterable[tuple[ParameterTrace, Floats | None]], bins: int
) -> dict[str, Distribution]:
    return {one.name: distribution(array, bins) for one, array in arrays if array is not None}


def _of_rows(recorded: Recorded | None, bins: int) -> Distribution | None:
    return None if recorded is None else distribution(recorded.rows, bins)


def _saturation(trace: StepTrace, group: LayerGroup) -> Saturation | None:
    if group.loss_outputs is not None:
        name = trace.inputs.spec.network.output.activation
        return build_activation(name, trace.outputs.rows.dtype).saturation
    layer = (group.activation or group.transform).layer
    return layer.activation.saturation if isinstance(layer, ActivationLayer) else None


def _mean(values: Floats, center: float, power: int) -> float | None:
    """Return the mean of (v − center)^power in float64; None without values or on overflow."""
    if not values.size:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        total = sum(
            float(((part.astype(np.float64) - center) ** power).sum()) for (part,) in blocks(values)
        )
    return finite_or_none(total / values.size)


def _saturated(values: Floats, center: float, distance: float) -> float | None:
    with np.errstate(invalid="ignore"):
        found = sum(
            int(np.count_nonzero(np.abs(part - center) >= distance)) for (part,) in blocks(values)
        )
    return _share(found, values.size)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _histogram(values: Floats, bins: int) -> Histogram:
    """Count finite values in bins from the smallest to the largest."""
    # The difference of the largest numbers overflows; scaled by a power of two, none does.
    scale = 0.25 if largest_magnitude(values.reshape(-1)) > np.finfo(np.float64).max / 4 else 1.0
    lowest, highest = float(values.min()) * scale, float(values.max()) * scale
    edges = np.linspace(lowest, highest, bins + 1)
    counts = np.zeros(bins, np.intp)
    for (part,) in blocks(values):
        places = np.searchsorted(edges[1:-1], part.astype(np.float64) * scale, side="right")
        counts += np.bincount(places, minlength=bins)
    return Histogram(tuple((edges / scale).tolist()), tuple(counts.tolist()))
