"""Tiny trainings that together run every kind of layer, optimizer, loss and preprocessing."""

from typing import Any, get_args

from engine.specs import InitializerName, OptimizerName
from tests.engine.golden.table import PIXELS, SIDE

Json = dict[str, Any]

_BASE: Json = {"target": "kind", "features": ["a", "b", "c"], "epochs": 2, "batch_size": 32}
_NUMBER: Json = {"target": "y"}
_MIXED = ["a", "b", "c", "count", "flag", "colour", "size", "when"]


def _hidden(*layers: Json, **output: Any) -> Json:
    return {"network": {"layers": [*layers], "output": output}}


def _dense(units: int = 12, **options: Any) -> Json:
    return {"type": "dense", "units": units, **options}


def _image(*layers: Json) -> Json:
    return {"features": PIXELS, "input_shape": [SIDE, SIDE, 1], **_hidden(*layers)}


_CONV: Json = {"type": "conv2d", "filters": 4, "padding": "same"}
_FLAT: Json = {"type": "flatten"}

LAYERS: dict[str, Json] = {
    "dense": _hidden(_dense(l1=0.01, l2=0.01, max_norm=1.5), _dense(use_bias=False, frozen=True)),
    "conv2d": _image(_CONV, {"type": "conv2d", "filters": 3, "stride": 2}, _FLAT),
    "embedding": {
        "features": ["a", "colour", "size"],
        **_hidden({"type": "embedding", "dimension": 3, "l2": 0.01}, _dense()),
    },
    "dropout": _hidden(_dense(), {"type": "dropout", "rate": 0.3}),
    "batch_normalization": _image(_CONV, {"type": "batch_normalization"}, _FLAT),
    "layer_normalization": _hidden(_dense(), {"type": "layer_normalization"}),
    "activation": _hidden({"type": "activation", "activation": "tanh"}, _dense()),
    "max_pooling2d": _image(_CONV, {"type": "max_pooling2d"}, _FLAT),
    "average_pooling2d": _image(_CONV, {"type": "average_pooling2d", "stride": 1}, _FLAT),
    "flatten": _image(_FLAT, _dense()),
    "reshape": {
        "features": PIXELS,
        **_hidden({"type": "reshape", "shape": [SIDE, SIDE, 1]}, _CONV, _FLAT),
    },
    "residual": _hidden(_dense(), {"type": "residual", "layers": [_dense(activation="silu")]}),
}

_OPTIMIZER_OPTIONS: dict[str, Json] = {
    "sgd": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {"momentum": 0.5},
    "adamw": {"weight_decay": 0.1},
    "lion": {"weight_decay": 0.1},
}
OPTIMIZERS: dict[str, Json] = {
    name: {
        "optimizer": {"type": name, **_OPTIMIZER_OPTIONS.get(name, {})},
        **({"batch_size": "full", "epochs": 5} if name == "lbfgs" else {}),
    }
    for name in get_args(OptimizerName)
}

_ON_NUMBERS = "mean_squared_error half_squared_error mean_absolute_error huber log_cosh gaussian"
LOSSES: dict[str, Json] = {
    "cross_entropy": {"loss": {"type": "cross_entropy", "label_smoothing": 0.1}},
    "binary_cross_entropy": {"target": "side", "loss": "binary_cross_entropy"},
    "hinge": {"loss": "hinge", **_hidden(_dense(), activation="linear")},
    "quantile": {**_NUMBER, "loss": {"type": "quantile", "quantile": 0.3}},
    "poisson": {
        "target": "count",
        "task": "regression",
        "loss": "poisson",
        **_hidden(_dense(), activation="exponential"),
    },
    **{name: {**_NUMBER, "loss": name} for name in _ON_NUMBERS.split()},
}

SCHEDULES: dict[str, Json] = {
    "constant": {"warmup_epochs": 0.5},
    "step": {"every_epochs": 1.0},
    "exponential": {},
    "polynomial": {"power": 1.5},
    "cosine": {"cycle_epochs": 0.7, "cycle_growth": 1.5},
    "one_cycle": {},
    "inverse_sqrt": {},
    "reduce_on_plateau": {"patience": 0, "min_delta": 10.0},
}

ACTIVATIONS: dict[str, list[Any]] = {
    "bounded": ["sigmoid", "tanh", "softsign", "hard_sigmoid", "softmax"],
    "rectifiers": ["relu", "leaky_relu", "selu", {"type": "elu", "alpha": 0.7}, "linear"],
    "smooth": ["gelu", {"type": "gelu", "approximate": "tanh"}, "silu", "softplus", "elu"],
}

_ZEROS = _dense(initializer="zeros", activation="linear")
_INITIALIZERS: list[Json] = [
    _dense(initializer=name) for name in get_args(InitializerName) if name != "zeros"
] + [{"type": "residual", "layers": [_ZEROS]}]

_SCALINGS = {"a": "standardize", "b": "min_max", "c": "robust", "count": "log1p", "weight": "none"}
_FILLINGS: dict[str, Json] = {
    "b": {"missing": "median"},
    "c": {"missing": "constant", "fill_value": 2.5},
    "colour": {"missing": "most_frequent"},
    "when": {"missing": "mean", "time": ["year", "hour"]},
}

OTHERS: dict[str, Json] = {
    "initializers": _hidden(*_INITIALIZERS),
    "wide": {"batch_size": 100, **_hidden(_dense(200, l1=1e-4), _dense(200))},
    "float64": {"dtype": "float64", **_hidden(_dense(activation="gelu"))},
    "full_batch": {"batch_size": "full", "shuffle": False, "epochs": 3},
    "clip_by_value": {"gradient_clip": {"type": "value", "limit": 0.01}},
    "clip_by_norm": {"gradient_clip": {"type": "norm", "limit": 0.1}},
    "folds": {"validation": {"folds": 2}, **_NUMBER},
    "folds_by_group": {
        "validation": {"folds": 2, "repeats": 2, "group_by": "colour"},
        "test": {"fraction": 0.2},
    },
    "folds_in_order": {
        "validation": {"folds": 2, "order_by": "when"},
        "test": {"fraction": 0.2},
        **_NUMBER,
    },
    "validation_by_group": {"validation": {"fraction": 0.2, "group_by": "colour"}},
    "test_rows": {"test": {"fraction": 0.2}, "sample_weight": "weight"},
    "no_validation": {"validation": None},
    "validation_column": {"validation": {"column": "part"}},
    "validation_by_time": {"validation": {"fraction": 0.25, "order_by": "when"}},
    "early_stopping": {"early_stopping": {"patience": 1}, "epochs": 4},
    "sample_weight": {"sample_weight": "weight"},
    "class_weight": {"class_weight": "balanced"},
    "metrics_of_classes": {"metrics": "all"},
    "metrics_of_two_classes": {"target": "side", "metrics": "all"},
    "metrics_of_numbers": {**_NUMBER, "metrics": "all"},
    "numeric_scaling": {
        "features": list(_SCALINGS),
        "preprocessing": {"columns": {name: {"numeric": how} for name, how in _SCALINGS.items()}},
    },
    "missing_values": {
        "features": ["b", "c", "colour", "when"],
        "preprocessing": {"columns": _FILLINGS, "missing_indicator": True},
    },
    "dropped_rows": {"preprocessing": {"missing": "drop_row"}},
    "one_hot": {"features": _MIXED, "preprocessing": {"max_levels": 3}},
    "ordinal": {
        "features": ["colour", "size"],
        "preprocessing": {
            "categorical": "ordinal",
            "columns": {"size": {"levels": ["small", "medium", "large"]}},
        },
    },
    "text": {"features": ["note", "a"], "preprocessing": {"hash_buckets": 16}},
    "reconstruction": {
        "target": None,
        "task": "reconstruction",
        "features": _MIXED,
        "metrics": "all",
        "sample_weight": "weight",
    },
    "unscaled_target": {**_NUMBER, "preprocessing": {"target": "none"}},
    "several_numbers": {"target": ["y", "count"], "loss": "gaussian", "metrics": "all"},
    "several_labels": {"target": ["side", "flag"], "metrics": "all"},
}


def _named(noun: str, jobs: dict[str, Json]) -> dict[str, Json]:
    return {f"{noun}-{name}": job for name, job in jobs.items()}


REQUESTS: dict[str, Json] = {
    name: _BASE | job
    for name, job in {
        **_named("layer", LAYERS),
        **_named("optimizer", OPTIMIZERS),
        **_named("loss", LOSSES),
        **_named(
            "schedule",
            {
                name: {"schedule": {"type": name, **how}, "epochs": 3}
                for name, how in SCHEDULES.items()
            },
        ),
        **_named(
            "activations",
            {
                name: _hidden(*(_dense(activation=activation) for activation in kinds))
                for name, kinds in ACTIVATIONS.items()
            },
        ),
        **OTHERS,
    }.items()
}
