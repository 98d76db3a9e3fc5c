"""The table and the jobs of the upgrade test; imported at commit 18b92b1 as well."""

from typing import Any

COLOURS, KINDS = ("red", "green", "blue"), ("flat", "house", "villa")


def _row(n: int) -> str:
    size = "" if n % 17 == 5 else f"{40 + n * 37 % 160}.5"
    colour = "" if n % 23 == 7 else COLOURS[n * 5 % 3]
    built = f"20{n % 20:02}-{1 + n % 12:02}-{1 + n % 28:02}"
    price = 1000 + (40 + n * 37 % 160) * 9 + n * 13 % 50
    kind = KINDS[(n * 37 % 160) // 54]
    return f"{size},{colour},{built},{'yes' if n % 3 else 'no'},{price},{kind}"


TABLE = "\n".join(["size,colour,built,garden,price,kind", *(_row(n) for n in range(64))]) + "\n"

# Rows to predict, with a missing value and an unknown category.
ROWS: list[dict[str, Any]] = [
    {"size": 75.5, "colour": "red", "built": "2011-03-04", "garden": "yes", "price": 1700},
    {"size": None, "colour": "pink", "built": "2019-12-01", "garden": "no", "price": 2500},
]

_HIDDEN = {"layers": [{"type": "dense", "units": 4}]}

# In the order in which they are posted; `continued` starts from the model of `finished`.
JOBS: dict[str, dict[str, Any]] = {
    "finished": {
        "target": "kind",
        "network": _HIDDEN,
        "epochs": 3,
        "batch_size": 8,
        "metrics": "all",
    },
    "killed": {
        "target": "price",
        "features": ["size", "colour", "built", "garden", "kind"],
        "network": {
            "layers": [
                {"type": "dense", "units": 4, "l2": 0.01, "max_norm": 2.0},
                {"type": "batch_normalization"},
                {"type": "dropout", "rate": 0.25},
            ]
        },
        "preprocessing": {"missing_indicator": True, "numeric": "robust"},
        "schedule": {"type": "reduce_on_plateau", "patience": 0},
        "early_stopping": {"patience": 3},
        "gradient_clip": {"type": "norm", "limit": 1.0},
        "epochs": 6,
        "batch_size": 8,
    },
    "killed in folds": {
        "target": "kind",
        "network": _HIDDEN,
        "validation": {"folds": 3},
        "optimizer": {"type": "sgd", "momentum": 0.9, "nesterov": True},
        "epochs": 2,
        "batch_size": 8,
        "class_weight": "balanced",
        "metrics": ["accuracy", "roc_auc", "confusion_matrix"],
    },
    "paused": {
        "target": "kind",
        "network": {"layers": [{"type": "embedding"}, {"type": "dense", "units": 4}]},
        "optimizer": "nadam",
        "schedule": {"type": "one_cycle"},
        "epochs": 4,
        "batch_size": 8,
        "seed": 7,
    },
    "queued": {
        "target": "price",
        "network": _HIDDEN,
        "optimizer": "lion",
        "loss": "huber",
        "epochs": 3,
        "batch_size": 16,
        "dtype": "float64",
    },
    "continued": {"target": "kind", "epochs": 2, "batch_size": 8, "seed": 3},
}
