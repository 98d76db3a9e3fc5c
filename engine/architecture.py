"""The defaults of the network's layers, and of the preprocessing before them."""

from engine.embedding import categorical_of
from engine.initializers import default_initializer
from engine.specs import (
    Conv2dSpec,
    DenseSpec,
    EmbeddingSpec,
    LayerSpec,
    NetworkSpec,
    Normal,
    OutputActivation,
    PreprocessingSpec,
    ResidualSpec,
    ResolvedNetwork,
    ResolvedOutput,
    ResolvedPreprocessing,
)


def resolve_network(spec: NetworkSpec, activation: OutputActivation, units: int) -> ResolvedNetwork:
    """The network with activation, units and every initializer chosen."""
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
            inner = tuple(_resolve_layer(within) for within in layer.layers)
            return layer.model_copy(update={"layers": inner})
        case _:
            return layer


def resolve_preprocessing(
    spec: PreprocessingSpec, network: ResolvedNetwork
) -> ResolvedPreprocessing:
    """Preprocessing that suits the network's first layer and its output."""
    is_linear = network.output.activation == "linear"
    given = spec.model_dump()
    given["categorical"] = spec.categorical or categorical_of(network)
    given["target"] = spec.target or ("standardize" if is_linear else "none")
    return ResolvedPreprocessing(**given)
