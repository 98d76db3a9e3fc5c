"""The commands of docs/predictions.md run, in their order, and answer what it says."""

import json
from pathlib import Path
from typing import Any

from tests.cli.service import Service
from tests.docs.blocks import find_blocks, run_blocks
from tests.servers import needs_curl


@needs_curl
def test_commands_of_the_guide(tmp_path: Path, shared_service: Service) -> None:
    said = run_blocks("predictions.md", shared_service.url, tmp_path)
    assert list(said) == list(find_blocks("predictions.md"))

    def answer(name: str) -> Any:
        return json.loads(said[name])

    flags = {flag["column"]: flag["flag"] for flag in answer("rows")["data"][1]["flags"]}
    assert answer("rows")["classes"] == ["quick", "slow"]
    assert flags == {
        "distance": "imputed",
        "region": "unknown_category",
        "rooms": "out_of_range",
    }
    codes = [problem["code"] for problem in answer("misspelt")["errors"]]
    assert codes == ["missing_column", "unknown_column"]
    (cut,) = answer("cut")["errors"]
    assert cut["code"] == "json_invalid"
    assert "line 1, column 18" in cut["detail"]
    assert answer("compressed")["data"][0]["label"] in {"quick", "slow"}
    layers = answer("layers")
    assert layers["layers"] == {"output": {"shape": [1]}}
    assert len(layers["data"][0]["activations"]["output"]) == 1
    abstained = answer("abstain")["data"][0]
    assert (abstained["abstained"], abstained["label"]) == (True, None)
    assert answer("stats")["stats"] == {
        "rows": 2,
        "flagged_rows": 2,
        "columns": {"rooms": {"imputed": 1, "out_of_range": 1}},
    }
    assert said["table"].splitlines()[0].startswith("label,probability,probability_quick,")
    assert [line.partition(";")[0] for line in said["formats"].splitlines()] == [
        "text/csv",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
    ]
    metadata, end = json.JSONDecoder().raw_decode(said["tensors"])
    assert [tensor["name"] for tensor in metadata["outputs"]] == ["label", "probabilities"]
    outputs = json.loads(said["tensors"][end:])["outputs"]
    assert [(output["name"], output["shape"]) for output in outputs] == [("label", [2])]
    for name in ("matrix", "binary"):
        (output,) = answer(name)["outputs"]
        assert (output["name"], len(output["data"])) == ("prediction", 2)
