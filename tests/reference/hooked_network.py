"""Networks of PyTorch modules whose hooks record what an explanation of a step shows."""

from collections.abc import Callable, Iterator
from typing import Any

from engine.arrays import Floats
from engine.layers.base import Penalty
from engine.specs import (
    ActivationLayerSpec,
    Conv2dSpec,
    DenseSpec,
    EmbeddingSpec,
    LayerSpec,
    ResidualSpec,
    ResolvedNetwork,
    ResolvedOutput,
)
from tests.reference.test_layers import Tensors, activate, run_layer, torch


class Hooked(torch.nn.Module):  # type: ignore[misc]
    """A function of rows as a module that records its values and their gradients.

    Attributes:
        name: name of the layer.
        values: input and output.
        gradients: ∂L/∂input and ∂L/∂output, as far as autograd computes them.
    """

    def __init__(self, name: str, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.name, self.function = name, function
        self.values: tuple[Any, Any] = (None, None)
        self.gradients: tuple[Any, Any] = (None, None)
        self.register_forward_hook(self._keep_values)
        self.register_full_backward_hook(self._keep_gradients)

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def _keep_values(self, _: Any, inputs: tuple[Any], output: Any) -> None:
        self.values = inputs[0].detach(), output.detach()

    def _keep_gradients(self, _: Any, inputs: tuple[Any], outputs: tuple[Any]) -> None:
        self.gradients = inputs[0], outputs[0]


class HookedNetwork:
    """The network of a spec, with the parameters of ours by name.

    Attributes:
        tensors: parameters and states by full name.
        modules: one per layer and per activation, in the order of `StepTrace.layers`.
        penalties: regularization of the trained weights by full name.

    Args:
        spec: the network.
        weights: parameters and states by full name.
        trained: full names of the parameters that are trained.
    """

    def __init__(
        self, spec: ResolvedNetwork, weights: dict[str, Floats], trained: list[str]
    ) -> None:
        self.tensors: Tensors = {name: torch.tensor(array) for name, array in weights.items()}
        for name in trained:
            self.tensors[name].requires_grad_()
        self.trained = [self.tensors[name] for name in trained]
        self.masks: Tensors = {}
        self.penalties: dict[str, Penalty] = {}
        self.modules: list[Hooked] = []
        self._top = [
            module
            for index, layer in enumerate(spec.layers)
            for module in self._build(f"layers.{index}", layer)
        ]
        self._top += self._build("output", spec.output)

    def logits(self, x: Any, masks: Tensors) -> Any:
        """Run the network on inputs that require gradients, as hooks of modules need.

        Args:
            x: the inputs.
            masks: masks of the dropout layers by name.
        """
        self.masks.update(masks)
        for module in self._top:
            x = module(x)
        return x

    def penalty(self) -> Any:
        """Σ l1 · |w| + l2 · w²."""
        terms = [
            penalty.l1 * self.tensors[name].abs().sum()
            + penalty.l2 * (self.tensors[name] ** 2).sum()
            for name, penalty in self.penalties.items()
        ]
        return sum(terms, torch.zeros((), dtype=torch.float64))

    def limit_norms(self) -> None:
        """Rescale the weights of units whose norm exceeds max_norm."""
        for name, penalty in self.penalties.items():
            if penalty.max_norm is not None:
                columns = self.tensors[name].data.flatten(0, -2)
                columns *= (penalty.max_norm / columns.norm(dim=0)).clamp(max=1)

    def _build(self, name: str, spec: LayerSpec | ResolvedOutput) -> list[Hooked]:
        """Build the modules of a layer and of its activation."""
        match spec:
            case ResidualSpec():
                return [self._build_residual(name, spec)]
            case ResolvedOutput():
                return [self._build_weights(name, spec, self._linear(name))]
            case DenseSpec():
                layer = self._build_weights(name, spec, self._linear(name))
            case Conv2dSpec():
                linear = spec.model_copy(update={"activation": "linear"})
                layer = self._build_weights(name, spec, self._other(name, linear))
            case ActivationLayerSpec(activation="linear"):
                return []
            case EmbeddingSpec(tables=tables):
                assert tables is not None
                for table in tables:
                    weight = f"{name}.weight_{table.position}"
                    self.penalties[weight] = Penalty(spec.l1, spec.l2)
                return [self._hook(name, self._other(name, spec))]
            case _:
                return [self._hook(name, self._other(name, spec))]
        if spec.activation == "linear":
            return [layer]
        return [layer, self._hook(name, lambda x: activate(spec.activation, x))]

    def _build_residual(self, name: str, spec: ResidualSpec) -> Hooked:
        inner: list[Hooked] = []

        def add(x: Any) -> Any:
            y = x
            for module in inner:
                y = module(y)
            return x + y

        block = self._hook(name, add)
        for index, layer in enumerate(spec.layers):
            inner += self._build(f"{name}.layers.{index}", layer)
        return block

    def _build_weights(
        self, name: str, spec: DenseSpec | Conv2dSpec | ResolvedOutput, function: Any
    ) -> Hooked:
        if not spec.frozen:
            self.penalties[f"{name}.weight"] = Penalty(spec.l1, spec.l2, spec.max_norm)
        return self._hook(name, function)

    def _linear(self, name: str) -> Callable[[Any], Any]:
        tensors = self.tensors
        return lambda x: torch.nn.functional.linear(
            x, tensors[f"{name}.weight"].T, tensors.get(f"{name}.bias")
        )

    def _other(self, name: str, spec: LayerSpec) -> Callable[[Any], Any]:
        return lambda x: run_layer(spec, name, x, self.tensors, self.masks)

    def _hook(self, name: str, function: Callable[[Any], Any]) -> Hooked:
        module = Hooked(name, function)
        self.modules.append(module)
        return module

    def clear(self) -> None:
        """Forget the gradients of the previous step."""
        for module in self.modules:
            module.gradients = None, None
        for tensor in self.trained:
            tensor.grad = None


def pairs(network: HookedNetwork, layers: Any) -> Iterator[tuple[Hooked, Any]]:
    """Yield each module with the recorded arrays of its layer."""
    for module, layer in zip(network.modules, layers, strict=True):
        assert module.name == layer.name
        yield module, layer
