"""Write transactions are short: networks are built and weights hashed before they begin.

SQLite has one writer at a time: a request that computes inside its transaction delays every
heartbeat.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.engine import make_url

from engine import weights
from service.jobs import resolve, warm_start
from store.blobs.tensors import pack_arrays
from store.settings import Settings
from tests.service.conftest import IRIS_LIKE
from tests.service.jobs.test_checkpoints import cut, worker
from tests.service.models.test_imports import WEIGHTS, XOR

__all__ = ["cut", "worker"]
# Fewer bytes than any artifact, and more than a transaction may hash.
LARGE_BYTES = 200


class Watch:
    """Checks at each computation whether another connection could write."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, bool]] = []
        self._path = str(make_url(settings.database_url).database)
        self._patch = monkeypatch

    def watch(self, owner: Any, name: str, *, large_only: bool = False) -> None:
        """Wrap a function with the check; its behaviour is unchanged."""
        function: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            if not large_only or (arguments and len(arguments[0]) >= LARGE_BYTES):
                self.seen.append((name, self._can_write()))
            return function(*arguments, **named)

        self._patch.setattr(owner, name, watched)

    def _can_write(self) -> bool:
        with closing(sqlite3.connect(self._path, timeout=0, isolation_level=None)) as writer:
            try:
                writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            writer.execute("ROLLBACK")
            return True


@pytest.fixture
def watch(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch(settings, monkeypatch)
    watch.watch(weights, "build_network")
    watch.watch(hashlib, "sha256", large_only=True)
    watch.watch(resolve, "resolve")
    watch.watch(warm_start, "resolve")
    return watch


def test_others_can_write_while_a_job_from_a_checkpoint_is_prepared(
    client: TestClient, cut: dict[str, Any], watch: Watch
) -> None:
    body = {
        "dataset_id": cut["spec"]["dataset_id"],
        "target": "kind",
        "start_from": {"job_id": cut["id"]},
    }
    for key in ("a", "a", "b"):
        answer = client.post("/v1/jobs", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
    assert {name for name, _ in watch.seen} == {"build_network", "sha256", "resolve"}
    assert [name for name, was_free in watch.seen if not was_free] == []
    # The unfinished job, and one per key.
    assert len(client.get("/v1/jobs").json()["data"]) == 3


def test_others_can_write_while_a_job_is_resolved(
    client: TestClient, upload: Callable[[str], dict[str, Any]], watch: Watch
) -> None:
    body = {"dataset_id": upload(IRIS_LIKE)["id"], "target": "kind"}
    watch.seen.clear()
    assert client.post("/v1/jobs", json=body).status_code == 202
    assert ("resolve", True) in watch.seen
    assert [name for name, was_free in watch.seen if not was_free] == []


def test_others_can_write_while_an_imported_model_is_checked(
    client: TestClient, watch: Watch
) -> None:
    files = {"weights": ("weights.safetensors", pack_arrays(WEIGHTS))}
    described = {"model": json.dumps(XOR)}
    # With a key, the transaction begins with an insert.
    key = {"Idempotency-Key": "a"}
    answer = client.post("/v1/models", data=described, files=files, headers=key)
    assert answer.status_code == 201, answer.text
    assert {name for name, _ in watch.seen} == {"build_network", "sha256"}
    assert [name for name, was_free in watch.seen if not was_free] == []
