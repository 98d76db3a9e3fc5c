"""Training workloads of the suites: one small table and jobs of about half a second each."""

import random
from typing import Any

from tests.chaos.history import KEY, WORK

ROWS = 3_000


def make_table() -> bytes:
    """Return a fixed CSV file with numbers, words, missing values and a class to predict."""
    draw = random.Random(7)
    lines = ["x,y,z,colour,kind"]
    for _ in range(ROWS):
        x, y, z = (round(draw.gauss(0, 1), 4) for _ in range(3))
        colour = draw.choice(("red", "green", "blue"))
        kind = "abc"[int(x * y > 0) + int(z + (colour == "red") > 0.5)]
        shown = "" if draw.random() < 0.02 else z
        lines.append(f"{x},{y},{shown},{colour},{kind}")
    return ("\n".join(lines) + "\n").encode()


def _layers(*units: int) -> list[dict[str, Any]]:
    return [{"type": "dense", "units": count, "activation": "relu"} for count in units]


# Many short epochs, a few long ones, random draws (dropout), and layers or optimizers with state.
WORKS: dict[str, dict[str, Any]] = {
    "short epochs": {"network": {"layers": _layers(32)}, "epochs": 120, "batch_size": 128},
    "long epochs": {"network": {"layers": _layers(32, 16)}, "epochs": 2, "batch_size": 1},
    "dropout": {
        "network": {"layers": [*_layers(48), {"type": "dropout", "rate": 0.3}]},
        "optimizer": {"type": "adam", "learning_rate": 0.005},
        "epochs": 40,
        "batch_size": 32,
        "seed": 3,
    },
    "normalised": {
        "network": {"layers": [*_layers(24), {"type": "batch_normalization"}]},
        "optimizer": {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9},
        "schedule": {"type": "cosine"},
        "epochs": 36,
        "batch_size": 32,
        "seed": 4,
    },
}
# Work of the tests' own kind, see `tests.work.counting`: many short steps, and a few long ones.
COUNTS: dict[str, dict[str, int]] = {
    "short steps": {"steps": 2_000, "hashes": 300, "seed": 5},
    "long steps": {"steps": 60, "hashes": 10_000, "seed": 6},
}
# For suites that need many jobs and do not compare their results.
TINY = "tiny"
_TINY_BODY = {"network": {"layers": _layers(8)}, "epochs": 2, "batch_size": 128}


def job_body(dataset_id: str, work: str, key: str = "", **changes: Any) -> dict[str, Any]:
    """Return the body of a POST for a kind of work."""
    return {
        "dataset_id": dataset_id,
        "target": "kind",
        "name": key,
        "metadata": {KEY: key, WORK: work},
        **(_TINY_BODY if work == TINY else WORKS[work]),
        **changes,
    }
