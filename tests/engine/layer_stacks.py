"""Hypothesis strategies for stacks of layers with matching shapes."""

from typing import Any, get_args

from hypothesis import strategies as st

from engine.specs import ActivationName
from tests.engine.layer_examples import LayerJson, image

ACTIVATIONS: tuple[Any, ...] = (
    *get_args(ActivationName),
    {"type": "leaky_relu", "negative_slope": 0.3},
    {"type": "elu", "alpha": 0.5},
    {"type": "gelu", "approximate": "tanh"},
)
SMALL = st.integers(1, 3)
SIDES = st.one_of(SMALL, st.tuples(SMALL, SMALL).map(list))

weights = st.fixed_dictionaries(
    {
        "activation": st.sampled_from(ACTIVATIONS),
        "use_bias": st.booleans(),
        "l1": st.sampled_from([0.0, 0.1]),
        "l2": st.sampled_from([0.0, 0.1]),
        "frozen": st.sampled_from([False, False, True]),
    }
)
# These preserve the shape. A large epsilon avoids amplification over few rows.
shape_preserving: st.SearchStrategy[LayerJson] = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["batch_normalization", "layer_normalization"]),
            "epsilon": st.just(0.1),
            "frozen": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("activation"), "activation": st.sampled_from(ACTIVATIONS)}
    ),
    st.fixed_dictionaries({"type": st.just("dropout"), "rate": st.sampled_from([0.0, 0.3])}),
)
dense: st.SearchStrategy[LayerJson] = st.builds(
    lambda units, options: {"type": "dense", "units": units} | options, st.integers(1, 4), weights
)
pooling: st.SearchStrategy[LayerJson] = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["max_pooling2d", "average_pooling2d"]),
        "pool_size": SIDES,
        "stride": st.one_of(st.none(), SIDES),
    }
)


@st.composite
def conv2d(pick: st.DrawFn) -> LayerJson:
    options = {"filters": pick(SMALL), "kernel_size": pick(SIDES), "stride": pick(SIDES)}
    padding = pick(st.sampled_from(["valid", "same"]))
    return {"type": "conv2d", "padding": padding} | options | pick(weights)


@st.composite
def residual(pick: st.DrawFn, same_shape: st.SearchStrategy[LayerJson]) -> LayerJson:
    """A residual block of shape-preserving layers, optionally with a nested block."""
    layers = pick(st.lists(same_shape, min_size=1, max_size=2))
    if pick(st.booleans()):
        layers.append({"type": "residual", "layers": [pick(same_shape)]})
    return {"type": "residual", "layers": layers}


@st.composite
def flat_stacks(pick: st.DrawFn) -> list[LayerJson]:
    """Layers that accept rows of any number of features."""
    layers = pick(
        st.lists(st.one_of(dense, shape_preserving, residual(shape_preserving)), max_size=3)
    )
    if pick(st.booleans()):
        options = pick(weights)
        same = dense.map(lambda layer: layer | {"units": 4} | options)
        layers += [{"type": "dense", "units": 4} | options, pick(residual(same))]
    return layers


@st.composite
def image_stacks(pick: st.DrawFn) -> list[LayerJson]:
    """Layers for rows of 36 features; their shapes may not match."""
    shape = pick(st.sampled_from([(6, 6, 1), (4, 3, 3)]))
    kinds = st.one_of(conv2d(), pooling, shape_preserving, residual(shape_preserving))
    layers = pick(st.lists(kinds, min_size=1, max_size=3))
    if pick(st.booleans()):
        options = {"filters": 2, "padding": "same"}
        same = conv2d().map(lambda layer: layer | options | {"stride": 1})
        layers += [pick(conv2d()) | {"filters": 2}, pick(residual(same))]
    return [image(*shape), *layers, {"type": "flatten"}]
