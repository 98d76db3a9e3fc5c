"""A training of very many epochs leaves bounded rows, and the API says that they are thinned."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from engine.metrics import Metric
from store.db.database import Database
from store.db.tables import events, losses
from store.jobs.claims import claim_job
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.losses import PAGE_LENGTH, LossRecord
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.settings import Settings
from store.statuses import KINDS

TABLE = "a,b\n" + "\n".join(f"{n},{n % 3}" for n in range(12))
# As an attack had it: 664 bytes of losses per epoch of a network with two layers.
LAYERS = [
    {"name": name, "gradient_norm": 1 / 3, "update_ratio": 1 / 7, "dead_units": 0.0}
    for name in ("layers.0", "output")
]
METRICS = {"mean_absolute_error": 1 / 3, "root_mean_squared_error": 1 / 7, "r2": 1 / 9}


class Epochs:
    """A worker's reports of a job of very many epochs, which are not computed."""

    def __init__(self, client: TestClient, settings: Settings) -> None:
        csv = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets", content=TABLE, headers=csv).json()["id"]
        body = {"dataset_id": dataset, "target": "b", "epochs": 1_000_000}
        self.job = client.post("/v1/jobs", json=body).json()
        self.database = Database(settings.database_url)
        with self.database.writing() as session:
            job = claim_job(session, "w1", 600, 3, kinds=KINDS)
        assert job is not None
        self.lease = Lease(job.id, job.token)
        self.done = 0

    def report(self, count: int, **metrics: Metric) -> None:
        """Report further epochs, with further metrics, and a checkpoint after them."""
        new = [
            LossRecord(epoch, 1 / 3, 1 / 7, METRICS | metrics, 0.001, 1 / 9, 0.0005, LAYERS)
            for epoch in range(self.done, self.done + count)
        ]
        self.done += count
        best: dict[str, Metric] = {"loss": 1 / 3}
        progress = TrainingProgress(epoch=self.done, steps=self.done, best_metrics=best)
        checkpoint = TrainingCheckpoint(self.done, {}, b"state", epoch=self.done)
        with self.database.writing() as session:
            record_training_progress(session, self.lease, progress, new, checkpoint)

    def count(self) -> tuple[int, int]:
        """Return the numbers of stored losses and events."""
        with self.database.reading() as session:
            rows = (session.scalar(select(func.count()).select_from(t)) for t in (losses, events))
            stored, logged = rows
        return stored or 0, logged or 0


def test_thinned_losses_and_diagnostics_say_so(client: TestClient, settings: Settings) -> None:
    epochs = Epochs(client, settings)
    path = epochs.job["links"]["losses"]
    diagnostics = epochs.job["links"]["diagnostics"]
    as_csv = {"Accept": "text/csv"}
    epochs.report(10_000)
    for address in (path, diagnostics):
        assert client.get(f"{address}?limit=1").json()["thinned"] is False
        assert "backpropd-thinned" not in client.get(f"{address}?limit=1", headers=as_csv).headers
    epochs.report(1_000)
    page = client.get(f"{path}?limit=3").json()
    assert ([one["epoch"] for one in page["data"]], page["next"]) == ([0, 4, 8], "8")
    following = client.get(f"{path}?limit=3&after=8").json()
    assert [one["epoch"] for one in following["data"]] == [12, 16, 20]
    for address in (path, diagnostics):
        assert client.get(f"{address}?limit=1").json()["thinned"] is True
        answer = client.get(f"{address}?limit=1", headers=as_csv)
        assert answer.headers["backpropd-thinned"] == "true"
    epochs.database.close()


def test_pages_of_epochs_with_large_matrices_are_short(
    client: TestClient, settings: Settings
) -> None:
    """250 epochs of 100 classes, 200 KB each: at most six per page, each epoch once."""
    epochs = Epochs(client, settings)
    epochs.report(250, confusion_matrix=[[1 / 3] * 100] * 100)
    per_page = PAGE_LENGTH // 200_000 + 1
    for name in ("losses", "diagnostics"):
        path = f"{epochs.job['links'][name]}?limit=10000"
        found: list[int] = []
        after: str | None = "-1"
        while after is not None:
            answer = client.get(f"{path}&after={after}")
            page = answer.json()
            assert 1 <= len(page["data"]) <= per_page
            assert len(answer.content) < 2 * PAGE_LENGTH
            found += [one["epoch"] for one in page["data"]]
            table = client.get(f"{path}&after={after}", headers={"Accept": "text/csv"})
            lines = [line.partition(",")[0] for line in table.text.splitlines()[1:]]
            assert [*dict.fromkeys(map(int, lines))] == [one["epoch"] for one in page["data"]]
            after = page["next"]
            assert table.headers.get("backpropd-next") == after
        assert found == list(range(250))
    epochs.database.close()


@pytest.mark.rare
def test_a_million_epochs_take_less_than_20_megabytes(
    client: TestClient, settings: Settings
) -> None:
    epochs = Epochs(client, settings)
    before = used_bytes(epochs.database)
    for _ in range(200):
        epochs.report(5_000)
    stored, logged = epochs.count()
    assert 23_500 < stored < 24_500
    assert logged < 1_000
    assert used_bytes(epochs.database) - before < 20_000_000
    epochs.database.close()


def used_bytes(database: Database) -> int:
    """Return the size of all pages of an SQLite database that are in use."""
    with database.reading() as session:
        pages, free, size = (
            session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)
