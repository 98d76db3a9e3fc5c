"""A live server with models for the clients of the Open Inference Protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from store.settings import load_settings
from tests.schema import make_schema
from tests.servers import serving
from tests.service.inference.conftest import SPECS, queue_training
from tests.training import train_waiting_jobs

ROWS = [
    {"size": 3.5, "weight": 100, "colour": "red", "sold on": "5.03.2021", "note": "lot 5",
     "fast": True},
    {"size": 1.25, "weight": 9, "colour": "grün", "sold on": "2021-03-06", "note": "",
     "fast": False},
]  # fmt: skip
PIXELS = [[1, 2], [3, 4]]


@dataclass(frozen=True)
class LiveServer:
    """The URL of a server, and what a client is given: models and the predictions of `/v1`."""

    url: str
    case: dict[str, Any]


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("conformance")
    for name in ("messages", "control"):
        (folder / "queue" / name).mkdir(parents=True)
    settings = load_settings(data_dir=folder, broker_url=f"filesystem://{folder / 'queue'}")
    make_schema(settings.database_url)
    with serving(settings, folder / "log") as url, httpx2.Client(base_url=url) as client:
        jobs = {name: queue_training(client, *SPECS[name]) for name in ("classes", "value")}
        train_waiting_jobs(settings)
        models = {name: client.get(path).json()["model_id"] for name, path in jobs.items()}
        found = {
            name: client.post(f"/v1/models/{models[name]}/predict", json={"rows": rows}).json()
            for name, rows in (("classes", ROWS), ("value", PIXELS))
        }
        yield LiveServer(url, {"models": models, "predicted": found, "rows": ROWS})
    assert "Traceback" not in (folder / "log").read_text()
