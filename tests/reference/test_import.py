"""A PyTorch network imported by the rules of docs/weights.md makes the same predictions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.blobs.tensors import pack_arrays
from store.db.migrate import upgrade
from store.settings import load_settings

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)

SIDE, FILTERS, CLASSES = 6, 3, 4
LAYERS = [
    {"type": "reshape", "shape": [SIDE, SIDE, 1]},
    {"type": "conv2d", "filters": FILTERS, "padding": "same", "activation": "linear"},
    {"type": "batch_normalization"},
    {"type": "activation", "activation": "relu"},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = load_settings(data_dir=tmp_path)
    upgrade(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


def torch_network() -> Any:
    nn = torch.nn
    torch.manual_seed(0)
    pooled = FILTERS * (SIDE // 2) ** 2
    model = nn.Sequential(
        nn.Conv2d(1, FILTERS, 3, padding=1),
        nn.BatchNorm2d(FILTERS),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(pooled, CLASSES),
    ).double()
    model(torch.randn(20, 1, SIDE, SIDE, dtype=torch.float64))  # updates the running means
    return model.eval()


def converted(model: Any) -> dict[str, Any]:
    convolution, norm, *_, linear = model
    half = SIDE // 2
    weight = linear.weight.detach().numpy().reshape(CLASSES, FILTERS, half, half)
    return {
        "layers.1.weight": convolution.weight.detach().numpy().transpose(2, 3, 1, 0),
        "layers.1.bias": convolution.bias.detach().numpy(),
        "layers.2.scale": norm.weight.detach().numpy(),
        "layers.2.shift": norm.bias.detach().numpy(),
        "layers.2.running_mean": norm.running_mean.numpy(),
        "layers.2.running_variance": norm.running_var.numpy(),
        "output.weight": weight.transpose(0, 2, 3, 1).reshape(CLASSES, -1).T,
        "output.bias": linear.bias.detach().numpy(),
    }


def test_an_imported_network_makes_the_same_predictions(client: TestClient) -> None:
    model, names = torch_network(), [f"p{i}" for i in range(SIDE * SIDE)]
    described = {
        "network": {"layers": LAYERS},
        "preprocessing": {
            "columns": [{"type": "numeric", "name": name} for name in names],
            "target": {"type": "classes", "name": "y", "classes": list("abcd")},
        },
        "dtype": "float64",
    }
    files = {"weights": ("weights.safetensors", pack_arrays(converted(model)))}
    answer = client.post("/v1/models", data={"model": json.dumps(described)}, files=files)
    assert answer.status_code == 201, answer.text
    x = np.random.default_rng(1).standard_normal((5, SIDE * SIDE))
    predict = answer.json()["links"]["predict"]
    found = client.post(predict, json={"rows": x.tolist()}).json()["data"]
    with torch.no_grad():
        logits = model(torch.from_numpy(x.reshape(-1, 1, SIDE, SIDE)))
    expected = torch.softmax(logits, dim=1).numpy()
    np.testing.assert_allclose([row["probabilities"] for row in found], expected, rtol=1e-9)
