"""A layer of the spec: its transformation and the activation that follows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.arrays import Shape
from engine.explain.step_trace import LayerTrace, Recorded, StepTrace
from engine.layers.activation import ActivationLayer
from engine.layers.dropout import Dropout
from engine.layers.named_specs import named_specs
from engine.specs import (
    Activation,
    ActivationLayerSpec,
    LayerSpec,
    OutputActivation,
    ResolvedNetwork,
    ResolvedOutput,
)


@dataclass(frozen=True)
class LayerGroup:
    """The traces of one layer of the spec.

    Attributes:
        name: name of the layer.
        spec: spec of the layer.
        index: index in `StepTrace.layers` of its first trace; that of its activation is the next.
        transform: the layer before its activation; the activation itself if it stands alone.
        activation: its activation; None without one.
        loss_outputs: activated outputs, of the output layer only.
        loss_gradient: ∂L/∂logits, of the output layer only.
        prediction_gradient: ∂L/∂ŷ, of the output layer and losses of the error only.
    """

    name: str
    spec: LayerSpec | ResolvedOutput
    index: int
    transform: LayerTrace
    activation: LayerTrace | None
    loss_outputs: Recorded | None = None
    loss_gradient: Recorded | None = None
    prediction_gradient: Recorded | None = None

    @property
    def out_shape(self) -> Shape:
        """Shape of one row of the output."""
        return self.transform.layer.out_shape

    @property
    def z(self) -> Recorded:
        """Value before the activation; of dropout, and of an activation alone, the input."""
        if self.is_elementwise:
            return self.transform.inputs
        return self.transform.outputs

    @property
    def a(self) -> Recorded:
        """Value after the activation."""
        if self.loss_outputs is not None:
            return self.loss_outputs
        return self.transform.outputs if self.activation is None else self.activation.outputs

    @property
    def a_gradient(self) -> Recorded | None:
        """∂L/∂a; None if it is not computed."""
        if self.loss_outputs is not None:
            return self.prediction_gradient
        last = self.transform if self.activation is None else self.activation
        return last.output_gradient

    @property
    def delta(self) -> Recorded | None:
        """δ = ∂L/∂z; None if it is not computed."""
        if self.loss_outputs is not None:
            return self.loss_gradient
        if self.is_elementwise:
            return self.transform.input_gradient
        return self.transform.output_gradient

    @property
    def is_elementwise(self) -> bool:
        """Whether the layer is dropout, or an activation that stands alone."""
        return isinstance(self.transform.layer, ActivationLayer | Dropout)

    @property
    def activation_spec(self) -> Activation | OutputActivation | None:
        """Spec of the activation; None without one."""
        return getattr(self.spec, "activation", None)

    @property
    def activation_name(self) -> str | None:
        """Name of the activation; None without one."""
        found = self.activation_spec
        name = found if isinstance(found, str) or found is None else str(found.type)
        return None if name == "linear" else name

    @property
    def type(self) -> str:
        """Kind of the layer."""
        return "dense" if isinstance(self.spec, ResolvedOutput) else self.spec.type


def group_layers(trace: StepTrace) -> list[LayerGroup]:
    """Return the layers of the spec in forward order, a block before its layers."""
    specs = layer_specs(trace.inputs.spec.network_for(trace.inputs.in_features))
    found: dict[str, list[LayerTrace]] = {}
    first: dict[str, int] = {}
    for index, layer in enumerate(trace.layers):
        found.setdefault(layer.name, []).append(layer)
        first.setdefault(layer.name, index)
    groups = []
    for name, spec in specs.items():
        transform, *rest = found[name]
        is_output = name == "output"
        groups.append(
            LayerGroup(
                name=name,
                spec=spec,
                index=first[name],
                transform=transform,
                activation=rest[0] if rest else None,
                loss_outputs=trace.outputs if is_output else None,
                loss_gradient=trace.output_gradient if is_output else None,
                prediction_gradient=trace.prediction_gradient if is_output else None,
            )
        )
    return groups


def layer_specs(network: ResolvedNetwork) -> Mapping[str, LayerSpec | ResolvedOutput]:
    """Return the spec of each layer by name, such as `layers.0` or `layers.1.layers.0`."""
    specs = {name: spec for name, spec in named_specs(network.layers) if not _is_linear(spec)}
    return {**specs, "output": network.output}


def _is_linear(spec: LayerSpec) -> bool:
    """Return whether the spec is a linear activation alone, which is not a layer of the network."""
    return isinstance(spec, ActivationLayerSpec) and spec.activation == "linear"
