"""Ids of models that do not exist, on PostgreSQL, which cannot store every text."""

from pathlib import Path

from fastapi.testclient import TestClient

from service.app import create_app
from store.settings import load_settings
from tests.schema import make_schema
from tests.service.conftest import problem

IDS = ("mdl_%00", "job_%00", "%00", "mdl_%ED%A0%80", "mdl_%FF", "job_1", "%F0%9F%98%80", "x" * 5000)


def test_unknown_ids_are_404(postgres_database_url: str, tmp_path: Path) -> None:
    make_schema(postgres_database_url)
    settings = load_settings(data_dir=tmp_path, database_url=postgres_database_url)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        for model_id in IDS:
            answer = client.post(f"/v1/models/{model_id}/predict", json={"rows": [[1]]})
            assert problem(answer, 404)["code"] == "not_found", model_id
            assert len(answer.text) < 1000
