"""What is answered of outputs that are neither probabilities nor plain numbers."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import Train

ROWS = {"rows": [{"width": 0.5, "colour": "red"}, {"width": 15.5}]}


def answer(client: TestClient, job: dict[str, Any], rows: Any = None) -> Any:
    answer = client.post(job["links"]["predict"], json=rows or ROWS)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize(
    "spec", [{"loss": "hinge"}, {"network": {"output": {"activation": "linear"}}}]
)
def test_scores_are_not_given_out_as_probabilities(
    client: TestClient, train: Train, spec: dict[str, Any]
) -> None:
    for row in answer(client, train(**spec)):
        assert (row["probability"], row["probabilities"]) == (None, None)
        assert row["label"] == ["a", "b"][row["scores"].index(max(row["scores"]))]


def test_probabilities_have_no_scores_beside_them(client: TestClient, train: Train) -> None:
    for row in answer(client, train()):
        assert row["scores"] is None
        assert row["probability"] == max(row["probabilities"])


@pytest.mark.parametrize(("loss", "has_std"), [("gaussian", True), ("huber", False)])
def test_only_gaussian_tells_how_sure_it_is(
    client: TestClient, train: Train, loss: str, has_std: bool
) -> None:
    job = train(target="width", loss=loss, features=["colour", "kind"], task="regression")
    for row in answer(client, job, {"rows": [{"colour": "red", "kind": "a"}]}):
        assert (row["std"] is not None) == has_std
        assert not has_std or row["std"] > 0


def test_embedding_flags_what_it_does_not_know(client: TestClient, train: Train) -> None:
    job = train(network={"layers": [{"type": "embedding"}]})
    rows = {"rows": [{"width": 1.0, "colour": "green"}, {"width": 1.0}]}
    flags = [[flag["flag"] for flag in row["flags"]] for row in answer(client, job, rows)]
    assert flags == [["unknown_category"], ["imputed"]]


def test_rows_of_the_dataset_can_be_sent_with_their_weight(
    client: TestClient, train: Train
) -> None:
    text = "x,w,kind\n" + "\n".join(f"{n},{n % 3},{'ab'[n % 2]}" for n in range(60))
    job = train(text, sample_weight="w", class_weight={"a": 2.0})
    assert job["status"] == "succeeded", job
    assert job["spec"]["features"] == ["x"]
    assert len(answer(client, job, {"rows": [{"x": 1.0, "w": 2, "kind": "a"}]})) == 1


def test_class_weight_of_no_class_is_invalid_data(client: TestClient, train: Train) -> None:
    job = train(class_weight={"c": 2.0})
    assert (job["status"], job["status_reason"]) == ("failed", "invalid_data")
    assert "'c'" in job["error"]["message"]
