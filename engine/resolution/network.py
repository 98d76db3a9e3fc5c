"""Defaults of the network's layers."""

from dataclasses import replace

from engine.errors import SpecProblem
from engine.initializers import default_initializer
from engine.resolution.report import Report
from engine.specs import (
    MAX_LAYERS,
    Conv2dSpec,
    DenseSpec,
    EmbeddingSpec,
    LayerSpec,
    NetworkSpec,
    Normal,
    OutputActivation,
    ReshapeSpec,
    ResidualSpec,
    ResolvedNetwork,
    ResolvedOutput,
)


def resolve_network(spec: NetworkSpec, activation: OutputActivation, units: int) -> ResolvedNetwork:
    """Return the network with output activation, units and all initializers filled in."""
    output = spec.output.model_dump() | {"activation": activation, "units": units}
    if spec.output.initializer is None:
        output["initializer"] = default_initializer("linear")
    return ResolvedNetwork(
        layers=tuple(_resolve_layer(layer) for layer in spec.layers),
        output=ResolvedOutput(**output),
    )


def _resolve_layer(layer: LayerSpec) -> LayerSpec:
    match layer:
        case DenseSpec() | Conv2dSpec() if layer.initializer is None:
            return layer.model_copy(update={"initializer": default_initializer(layer.activation)})
        case EmbeddingSpec() if layer.initializer is None:
            return layer.model_copy(update={"initializer": Normal(std=0.05)})
        case ResidualSpec():
            inner = tuple(_resolve_layer(inner_layer) for inner_layer in layer.layers)
            return layer.model_copy(update={"layers": inner})
        case _:
            return layer


def reshape_inputs(
    network: NetworkSpec, shape: tuple[int, ...] | None, report: Report
) -> NetworkSpec:
    """Return the network with a reshape layer in front if the inputs have a shape."""
    first = network.layers[0] if network.layers else None
    if shape is None or len(shape) == 1 or first == ReshapeSpec(shape=shape):
        return network
    if isinstance(first, EmbeddingSpec):
        detail = "an embedding needs flat inputs; remove input_shape"
        report.problem("/input_shape", "input_shape_and_embedding", detail)
        return network
    if len(network.layers) == MAX_LAYERS:
        detail = f"input_shape adds a reshape layer, but at most {MAX_LAYERS} layers are allowed"
        report.problem("/network/layers", "too_many_layers", detail)
        return network
    return network.model_copy(update={"layers": (ReshapeSpec(shape=shape), *network.layers)})


def shift_layer_index(problem: SpecProblem, added: int) -> SpecProblem:
    """Shift a problem's layer index back by the number of inserted layers."""
    prefix = "/network/layers/"
    index, slash, rest = problem.pointer.removeprefix(prefix).partition("/")
    if not added or not problem.pointer.startswith(prefix) or not index.isdecimal():
        return problem
    return replace(problem, pointer=f"{prefix}{int(index) - added}{slash}{rest}")
