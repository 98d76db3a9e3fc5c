"""Datasets and uploads that are deleted while a request reads them: 404 by their own id."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.context import Context
from service.datasets import datasets
from service.uploads import resumable
from store.blobs.blobs import BlobStore
from store.settings import Settings, load_settings
from tests.service.conftest import IRIS_LIKE, Upload, problem

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
PATHS = ("rows", "rows?format=csv", "columns/width", "columns/colour")


class RacingBlobs(BlobStore):
    """The real blob store, with a hook right before or after a blob is opened."""

    def __init__(self, real: BlobStore, race: Callable[[], None], *, is_late: bool = False) -> None:
        self._real, self._race, self._is_late = real, race, is_late

    @contextmanager
    def hold_path(self, key: str, sha256: str = "") -> Iterator[Path]:
        if not self._is_late:
            self._race()
        with self._real.hold_path(key, sha256) as path:
            if self._is_late:
                self._race()
            yield path

    def read_blob(self, key: str) -> Iterator[bytes]:
        self._race()
        yield from self._real.read_blob(key)


@pytest.fixture(params=["file", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    bucket = request.getfixturevalue("bucket") if request.param == "s3" else {}
    return load_settings(data_dir=tmp_path, **bucket)


@pytest.fixture
def context(client: TestClient) -> Context:
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    return context


def race(client: TestClient, context: Context, other: Callable[[], None], **when: bool) -> None:
    """Run an action while a request opens a blob."""
    app: Any = client.app
    app.state.context = replace(context, blobs=RacingBlobs(context.blobs, other, **when))


@pytest.mark.parametrize("path", PATHS)
def test_dataset_deleted_before_its_file_is_opened_is_404(
    client: TestClient, context: Context, upload: Upload, path: str
) -> None:
    dataset_id = upload()["id"]
    race(client, context, lambda: datasets.remove(context, dataset_id))
    found = problem(client.get(f"/v1/datasets/{dataset_id}/{path}"), 404)
    assert (found["code"], found["detail"]) == ("not_found", f"no dataset with id {dataset_id}")


@pytest.mark.parametrize("path", PATHS)
def test_dataset_deleted_before_its_file_is_read_is_404(
    client: TestClient, context: Context, upload: Upload, path: str
) -> None:
    dataset_id = upload()["id"]
    race(client, context, lambda: datasets.remove(context, dataset_id), is_late=True)
    answer = client.get(f"/v1/datasets/{dataset_id}/{path}")
    if context.settings.blob_url.startswith("s3:"):
        # The copy that is read is kept until the response is complete.
        assert answer.status_code == 200
    else:
        assert problem(answer, 404)["detail"] == f"no dataset with id {dataset_id}"


@pytest.mark.parametrize("path", PATHS)
def test_dataset_whose_file_is_lost_is_503_without_its_key(
    client: TestClient, context: Context, upload: Upload, path: str
) -> None:
    dataset_id = upload()["id"]
    context.blobs.delete_blob(f"datasets/{dataset_id}.arrow")
    found = problem(client.get(f"/v1/datasets/{dataset_id}/{path}"), 503)
    assert ".arrow" not in str(found)


@pytest.mark.parametrize("path", ["", "/preview"])
def test_upload_deleted_before_its_parts_are_read_is_404(
    client: TestClient, context: Context, path: str
) -> None:
    headers = {**TUS, "Upload-Length": str(len(IRIS_LIKE))}
    upload_id = client.post("/v1/uploads", headers=headers, content=IRIS_LIKE).json()["id"]
    race(client, context, lambda: resumable.remove(context, upload_id))
    query = {"upload": upload_id, "format": "csv"}
    found = problem(client.post(f"/v1/datasets{path}", params=query), 404)
    assert (found["code"], found["detail"]) == ("not_found", f"no upload with id {upload_id}")
