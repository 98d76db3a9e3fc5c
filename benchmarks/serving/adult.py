"""A table of the shape of the census data set `adult`, made by code, and a pipeline for it.

Six columns of numbers and eight of categories, with as many categories as the original has.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = {
    "age": (17, 90),
    "fnlwgt": (12_285, 1_484_705),
    "education-num": (1, 16),
    "capital-gain": (0, 99_999),
    "capital-loss": (0, 4_356),
    "hours-per-week": (1, 99),
}
CATEGORIES = {
    "workclass": 9,
    "education": 16,
    "marital-status": 7,
    "occupation": 15,
    "relationship": 6,
    "race": 5,
    "sex": 2,
    "native-country": 42,
}
# The order of the original's columns: a record has its keys in this order.
COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation"),
    *("relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week"),
    "native-country",
)
TARGET = "income"
CLASSES = ("<=50K", ">50K")
HIDDEN = (128, 64)
TRAINING_ROWS = 2000


def make_records(rows: int, seed: int) -> list[dict[str, Any]]:
    """Return random records."""
    random = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {}
    for name in COLUMNS:
        if name in NUMBERS:
            low, high = NUMBERS[name]
            columns[name] = random.integers(low, high, rows, endpoint=True).tolist()
        else:
            codes = random.integers(0, CATEGORIES[name], rows)
            columns[name] = [f"{name} {code}" for code in codes.tolist()]
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def fit_pipeline() -> Pipeline:
    """Return a pipeline fitted on random records."""
    table = pd.DataFrame(make_records(TRAINING_ROWS, seed=1))
    labels = np.where(table["age"] + table["hours-per-week"] > 105, CLASSES[1], CLASSES[0])
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [("numbers", StandardScaler(), [*NUMBERS]), ("categories", encoder, [*CATEGORIES])]
    network = MLPClassifier(HIDDEN, max_iter=5, random_state=0)
    pipeline = Pipeline([("columns", ColumnTransformer(parts)), ("network", network)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return pipeline.fit(table, labels)


def describe_pipeline(pipeline: Pipeline) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return a fitted pipeline as a model to import: its description and its weights."""
    fitted = pipeline["columns"].named_transformers_
    scaler, encoder = fitted["numbers"], fitted["categories"]
    columns: list[dict[str, Any]] = [
        {"type": "numeric", "name": name, "center": mean, "scale": scale}
        | {"minimum": NUMBERS[name][0], "maximum": NUMBERS[name][1]}
        for name, mean, scale in zip(
            NUMBERS, scaler.mean_.tolist(), scaler.scale_.tolist(), strict=True
        )
    ]
    columns += [
        {"type": "levels", "name": name, "levels": levels.tolist()}
        for name, levels in zip(CATEGORIES, encoder.categories_, strict=True)
    ]
    network = pipeline["network"]
    layers = [f"layers.{index}" for index in range(len(HIDDEN))]
    weights: dict[str, NDArray[Any]] = {}
    for name, weight, bias in zip(
        [*layers, "output"], network.coefs_, network.intercepts_, strict=True
    ):
        weights[f"{name}.weight"] = weight.astype(np.float32)
        weights[f"{name}.bias"] = bias.astype(np.float32)
    described = {
        "network": {
            "layers": [{"type": "dense", "units": n, "activation": "relu"} for n in HIDDEN],
            "output": {"activation": "sigmoid"},
        },
        "preprocessing": {
            "columns": columns,
            "target": {"type": "classes", "name": TARGET, "classes": pipeline.classes_.tolist()},
        },
    }
    return described, weights
