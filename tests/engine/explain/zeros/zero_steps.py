"""Steps of small networks with zeros, and all numbers of a step beside the causes of its zeros."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.arrays import Floats
from engine.explain.single_step.build import GivenStep, build_step_inputs
from engine.explain.step_trace import StepTrace
from engine.explain.trace_step import trace_step
from engine.explain.zeros.causes import Cause, Codes, cause_of
from engine.explain.zeros.find_zeros import StepZeros
from engine.specs.step import StepSpec
from tests.engine.layer_examples import LayerJson

SGD = {"type": "sgd", "learning_rate": 0.1}
_LAYER_ARRAYS = ("inputs", "outputs", "output_gradient", "input_gradient")
_STAGES = ("loss_gradient", "gradient", "clipped")


def trace_of(
    layers: list[LayerJson],
    rows: Any,
    targets: Any,
    *,
    weights: dict[str, Any] | None = None,
    row_weights: list[float] | None = None,
    output: LayerJson | None = None,
    optimizer_state: dict[str, Any] | None = None,
    **options: Any,
) -> StepTrace:
    """Trace a step of a network, by default with a squared error, without biases in the output."""
    output = {"units": 1, "use_bias": False} | (output or {})
    request = {
        "network": {"layers": layers, "output": output},
        "loss": "half_squared_error",
        "optimizer": SGD,
        **options,
    }
    given = GivenStep(rows, targets, row_weights, weights or {}, optimizer_state or {})
    return trace_step(build_step_inputs(StepSpec.model_validate(request), given))


def numbers_of_layers(trace: StepTrace, zeros: StepZeros) -> Iterator[tuple[str, Floats, Codes]]:
    """Yield all recorded arrays of layers and loss, with the causes of their zeros."""
    yield "prediction", trace.outputs.rows, zeros.outputs
    yield "row_losses", trace.row_losses, zeros.row_losses
    if trace.prediction_gradient is not None:
        assert zeros.prediction_gradient is not None
        yield "prediction gradient", trace.prediction_gradient.rows, zeros.prediction_gradient
    if trace.output_gradient is not None:
        assert zeros.output_gradient is not None
        yield "logits gradient", trace.output_gradient.rows, zeros.output_gradient
    for index, (layer, of_layer) in enumerate(zip(trace.layers, zeros.layers, strict=True)):
        for name in _LAYER_ARRAYS:
            recorded, codes = getattr(layer, name), getattr(of_layer, name)
            assert (recorded is None) == (codes is None), f"{index} {name}"
            if recorded is not None:
                yield f"{index} {type(layer.layer).__name__} {name}", recorded.rows, codes


def numbers_of_parameters(
    trace: StepTrace, zeros: StepZeros
) -> Iterator[tuple[str, Floats, Codes]]:
    """Yield gradients and updates of all parameters, with the causes of their zeros."""
    for one, of_one in zip(trace.parameters, zeros.parameters, strict=True):
        for name in _STAGES:
            values, codes = getattr(one, name), getattr(of_one, name)
            assert (values is None) == (codes is None), f"{one.name} {name}"
            if values is not None:
                yield f"{one.name} {name}", values, codes
        if of_one.update is not None:
            yield f"{one.name} update", one.after - one.before, of_one.update


def numbers_of_state(trace: StepTrace, zeros: StepZeros) -> Iterator[tuple[str, Floats, Codes]]:
    """Yield values and optimizer state of all parameters, with the causes of their zeros."""
    for one, of_one in zip(trace.parameters, zeros.parameters, strict=True):
        yield f"{one.name} before", one.before, of_one.before
        yield f"{one.name} after", one.after, of_one.after
        for slot, values in one.slots_before.items():
            yield f"{one.name} {slot} before", values, of_one.slots_before[slot]
        for slot, values in one.slots_after.items():
            yield f"{one.name} {slot} after", values, of_one.slots_after[slot]


def causes_in(codes: Codes) -> set[Cause | None]:
    return {cause_of(int(code)) for code in np.unique(codes) if code}
