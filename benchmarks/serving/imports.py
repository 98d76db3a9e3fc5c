"""The compared networks as models of the service."""

import json
from collections.abc import Mapping
from typing import Any

import httpx2
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from benchmarks.serving.network import CLASSES, PIXELS, Network, make_network
from store.blobs.tensors import pack_arrays

Model = tuple[dict[str, Any], Mapping[str, NDArray[Any]]]
TABLE_HIDDEN = 16


def import_model(client: httpx2.Client, model: Model) -> str:
    """Import a model into the service and return its id."""
    described, weights = model
    files = {"weights": ("weights.safetensors", pack_arrays(weights))}
    answer = client.post("/v1/models", data={"model": json.dumps(described)}, files=files)
    if answer.status_code != 201:
        raise SystemExit(answer.text)
    return str(answer.json()["id"])


def describe_pixels(network: Network) -> Model:
    """Return the network of 784 pixels as a model to import: its description and its weights."""
    columns = [
        {"type": "numeric", "name": f"pixel{index}", "minimum": 0.0, "maximum": 1.0}
        for index in range(PIXELS)
    ]
    return _describe(network, columns, [str(digit) for digit in range(CLASSES)])


def describe_table() -> Model:
    """Return a small network for a table of 30 standardized columns as a model to import."""
    table = load_breast_cancer()
    columns = [
        {"type": "numeric", "name": name.replace(" ", "_"), "center": mean, "scale": scale}
        | {"minimum": low, "maximum": high}
        for name, mean, scale, low, high in zip(
            table.feature_names,
            table.data.mean(axis=0).tolist(),
            table.data.std(axis=0).tolist(),
            table.data.min(axis=0).tolist(),
            table.data.max(axis=0).tolist(),
            strict=True,
        )
    ]
    network = make_network((len(columns), TABLE_HIDDEN, 2))
    return _describe(network, columns, table.target_names.tolist())


def table_row() -> dict[str, float]:
    """Return a row of the table of 30 columns."""
    table = load_breast_cancer()
    names = [name.replace(" ", "_") for name in table.feature_names]
    return dict(zip(names, np.asarray(table.data[0]).tolist(), strict=True))


def _describe(network: Network, columns: list[dict[str, Any]], classes: list[str]) -> Model:
    described = {
        "network": {
            "layers": [
                {"type": "dense", "units": len(bias), "activation": "relu"}
                for _, bias in network.layers[:-1]
            ],
            "output": {"activation": "softmax"},
        },
        "preprocessing": {
            "columns": columns,
            "target": {"type": "classes", "name": "class", "classes": classes},
        },
    }
    return described, network.named_weights()
