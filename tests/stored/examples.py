"""Requested trainings whose stored rows are kept; together they use every field of a spec."""

from typing import Any

from engine.specs import TrainingSpec


def _dense(units: int, **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **options}


def _activation(activation: str | dict[str, Any]) -> dict[str, Any]:
    return {"type": "activation", "activation": activation}


MIXED = ["size", "garden", "colour", "built"]

_REQUESTS: dict[str, dict[str, Any]] = {
    "classes": {
        "target": "kind",
        "task": "classification",
        "features": [*MIXED, "note"],
        "preprocessing": {
            "hash_buckets": 4,
            "missing_indicator": True,
            "categorical": "one_hot",
            "columns": {
                "size": {"numeric": "min_max", "missing": "median", "missing_indicator": False},
                "colour": {"levels": ["green", "red"], "missing": "most_frequent"},
                "built": {"time": ["month", "weekday"], "fill_value": 1e9, "missing": "constant"},
                "note": {"hash_buckets": 2},
            },
        },
        "network": {
            "layers": [
                _dense(3, activation="tanh", l1=0.01, l2=0.01, max_norm=2.0, initializer="zeros"),
                {"type": "batch_normalization"},
                {"type": "dropout", "rate": 0.25},
                _dense(3, activation="selu", frozen=True, use_bias=False),
            ]
        },
        "loss": {"type": "cross_entropy", "label_smoothing": 0.1},
        "class_weight": {"a": 2.0, "b": 0.5},
        "sample_weight": "weight",
        "early_stopping": {"patience": 3, "target_value": 0.01},
        "gradient_clip": {"type": "norm", "limit": 1.0},
        "metrics": "all",
        "max_seconds": 60.0,
    },
    "images": {
        "target": "sold",
        "features": ["p0", "p1", "p2", "p3"],
        "input_shape": [2, 2, 1],
        "network": {
            "layers": [
                {
                    "type": "conv2d",
                    "filters": 2,
                    "kernel_size": [2, 1],
                    "padding": "same",
                    "initializer": "lecun_normal",
                    "max_norm": 2.0,
                },
                {"type": "conv2d", "filters": 2, "kernel_size": 1},
                {"type": "max_pooling2d", "pool_size": 1, "stride": 1},
                {"type": "average_pooling2d", "pool_size": [2, 1], "stride": [2, 1]},
                {"type": "flatten"},
                {"type": "residual", "layers": [_dense(4, activation="leaky_relu")]},
                {"type": "reshape", "shape": [4]},
                {"type": "layer_normalization"},
            ]
        },
        "loss": "binary_cross_entropy",
        "optimizer": {"type": "sgd", "momentum": 0.9, "nesterov": True},
        "schedule": {"type": "step", "warmup_epochs": 1.0},
        "gradient_clip": {"type": "value"},
        "metrics": ["accuracy", "roc_auc"],
    },
    "embedding": {
        "target": "kind",
        "features": ["colour", "size"],
        "preprocessing": {"missing": "most_frequent"},
        "network": {
            "layers": [
                {"type": "embedding", "dimension": 2, "initializer": {"type": "normal"}},
                _activation({"type": "elu"}),
                _activation({"type": "leaky_relu"}),
                _activation({"type": "gelu", "approximate": "tanh"}),
                _activation({"type": "gelu"}),
            ],
            "output": {"activation": "linear", "max_norm": 3.0},
        },
        "loss": "hinge",
        "optimizer": "rmsprop",
        "schedule": "exponential",
        "validation": {"column": "part", "values": ["test"]},
        "metrics": ["accuracy", "confusion_matrix", "f1_per_class"],
    },
    "robust": {
        "target": "price",
        "features": MIXED,
        "preprocessing": {"numeric": "robust", "missing": "median", "max_levels": 2},
        "network": {
            "layers": [
                _dense(2, activation="sigmoid", initializer="glorot_normal"),
                _dense(2, activation="softplus", initializer="glorot_uniform"),
                _activation("softmax"),
            ]
        },
        "loss": {"type": "huber", "delta": 0.5},
        "optimizer": "adadelta",
        "schedule": "polynomial",
        "metrics": "all",
        "dtype": "float64",
        "shuffle": False,
    },
    "ordered": {
        "target": "price",
        "features": ["size", "built"],
        "preprocessing": {"numeric": "min_max", "time": ["year", "month", "weekday", "hour"]},
        "network": {
            "layers": [
                _dense(2, activation="elu", initializer={"type": "uniform"}),
                _dense(2, activation="gelu", initializer={"type": "constant", "value": 0.1}),
            ]
        },
        "loss": "mean_squared_error",
        "optimizer": "adagrad",
        "schedule": {"type": "cosine", "cycle_epochs": 2.0},
        "validation": {"fraction": 0.25, "order_by": "built"},
    },
    "log": {
        "target": "price",
        "features": ["size", "colour"],
        "preprocessing": {
            "numeric": "log1p",
            "missing": "most_frequent",
            "columns": {"colour": {"categorical": "ordinal", "max_levels": 3}},
        },
        "network": {
            "layers": [
                _dense(2, activation="silu", initializer={"type": "truncated_normal"}),
                _dense(2, activation="softsign", initializer="he_normal"),
            ]
        },
        "loss": "mean_absolute_error",
        "optimizer": "adamw",
        "schedule": "one_cycle",
        "validation": None,
    },
    "constant": {
        "target": "price",
        "features": ["size", "colour"],
        "preprocessing": {
            "numeric": "none",
            "missing": "constant",
            "fill_value": 1.0,
            "columns": {"colour": {"fill_value": "red", "categorical": "one_hot"}},
        },
        "network": {"layers": [_dense(2, activation="relu", initializer="he_uniform")]},
        "loss": {"type": "quantile", "quantile": 0.9},
        "optimizer": "amsgrad",
        "schedule": "inverse_sqrt",
        "early_stopping": {"metric": "loss", "restore_best": False},
    },
    "ordinal": {
        "target": "price",
        "features": ["size", "colour"],
        "preprocessing": {"categorical": "ordinal", "missing": "drop_row"},
        "network": {
            "layers": [
                _dense(2, activation="hard_sigmoid", initializer="lecun_uniform"),
                _dense(2, activation="linear", initializer="orthogonal"),
            ]
        },
        "loss": "log_cosh",
        "optimizer": "nadam",
        "schedule": "reduce_on_plateau",
    },
    "counts": {
        "target": "visits",
        "features": ["size"],
        "loss": "poisson",
        "optimizer": "lion",
        "network": {"layers": [_dense(2)]},
    },
    "full_batch": {
        "target": "price",
        "features": ["size"],
        "loss": "gaussian",
        "optimizer": {"type": "lbfgs", "history": 2},
        "batch_size": "full",
        "epochs": 6,
        "network": {"layers": [_dense(2, activation="tanh")]},
    },
    "restored": {
        "target": "price",
        "features": ["size"],
        "network": {"layers": [_dense(2)]},
        "on_finding": "stop",
        "on_divergence": {"scale_rate": 0.25, "tries": 2},
    },
    "folds": {
        "target": "sold",
        "features": ["size", "p0"],
        "loss": "half_squared_error",
        "network": {"layers": [_dense(2)], "output": {"activation": "sigmoid"}},
        "validation": {"folds": 2},
        "epochs": 1,
        "batch_size": 8,
        "class_weight": "balanced",
    },
    "reconstruction": {
        "task": "reconstruction",
        "features": MIXED,
        "network": {"layers": [_dense(2)]},
    },
    "grouped": {
        "target": "price",
        "features": ["size"],
        "network": {"layers": [_dense(2)]},
        "validation": {"folds": 2, "repeats": 2, "group_by": "colour"},
        "test": {"fraction": 0.2, "group_by": "colour"},
        "epochs": 1,
    },
    "in_order": {
        "target": "kind",
        "features": ["size"],
        "network": {"layers": [_dense(2)]},
        "validation": {"folds": 2, "order_by": "built"},
        "test": {"column": "part", "values": ["test"]},
        "epochs": 1,
    },
    "two_datasets": {
        "target": "price",
        "features": ["size"],
        "network": {"layers": [_dense(2)], "output": {"activation": "softplus"}},
        "preprocessing": {"target": "none"},
        "validation": {"dataset_id": "ds_other"},
    },
    "numbers": {
        "target": ["price", "visits"],
        "features": MIXED,
        "network": {"layers": [_dense(2)]},
        "loss": "gaussian",
        "metrics": "all",
    },
    "labels": {
        "target": ["sold", "garden"],
        "features": ["size", "colour"],
        "network": {"layers": [_dense(2)]},
        "metrics": ["subset_accuracy", "f1", "roc_auc"],
    },
}

EXAMPLES: dict[str, TrainingSpec] = {
    name: TrainingSpec.model_validate({"epochs": 2, "batch_size": 16, **request})
    for name, request in _REQUESTS.items()
}
