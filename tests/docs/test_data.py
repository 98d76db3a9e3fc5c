"""The commands of docs/data.md run, in their order."""

import json
from pathlib import Path

import httpx2 as httpx

from tests.cli.service import Service
from tests.docs.blocks import run_blocks
from tests.servers import needs_curl


@needs_curl
def test_commands_go_from_a_messy_file_to_a_prediction_with_flags(
    tmp_path: Path, shared_service: Service
) -> None:
    url = shared_service.url
    before = {dataset["id"] for dataset in httpx.get(f"{url}/v1/datasets").json()["data"]}
    said = run_blocks("data.md", url, tmp_path)
    job = httpx.get(f"{url}/v1/jobs").json()["data"][0]
    datasets = httpx.get(f"{url}/v1/datasets").json()["data"]
    column = json.loads((tmp_path / "column.json").read_text())
    assert said["preview"].strip() == '"delimiter":";"'
    assert len(json.loads(said["look"])["data"]) == 3
    assert sum(column["histogram"]["counts"]) == 600
    assert column["min"].startswith("20")
    assert job["status"] == "succeeded"
    flags = {
        flag["column"]: flag["flag"] for flag in json.loads(said["predict"])["data"][0]["flags"]
    }
    assert flags == {
        "built": "imputed",
        "region": "unknown_category",
        "distance": "out_of_range",
    }
    problem = json.loads(said["refused"])
    assert (problem["code"], problem["errors"][0]["line"]) == ("ragged_row", 3)
    shas = [dataset["sha256"] for dataset in datasets if dataset["id"] not in before]
    assert (len(shas), len(set(shas))) == (4, 1)
