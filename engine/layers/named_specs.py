"""Names of a network's layers, by their specs."""

from collections.abc import Iterator, Sequence

from engine.specs import LayerSpec, ResidualSpec


def named_specs(
    layers: Sequence[LayerSpec], prefix: str = "layers"
) -> Iterator[tuple[str, LayerSpec]]:
    """Iterate over layers by name, such as `layers.1.layers.0`; a block before its layers."""
    for index, spec in enumerate(layers):
        name = f"{prefix}.{index}"
        yield name, spec
        if isinstance(spec, ResidualSpec):
            yield from named_specs(spec.layers, f"{name}.layers")
