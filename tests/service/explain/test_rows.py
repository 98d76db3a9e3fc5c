"""Rows of an explained step: the batch, rows of the dataset, a row of the client's own."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Train, problem
from tests.service.explain.conftest import SMALL, Trained
from tests.service.explain.test_job_step import explain
from tests.training import train_waiting_jobs


def test_rows_of_the_batch_are_those_of_the_dataset(trained: Trained) -> None:
    table = [line.split(",") for line in IRIS_LIKE.splitlines()[1:]]
    seen: list[int] = []
    for step in range(3):
        found = trained.explain(step)
        rows = found["rows"]
        assert found["is_own_batch"] is True
        assert (len(rows["shown"]), rows["left_out"]) == (16, 0)
        assert [one["name"] for one in rows["inputs"]] == ["width", "colour = blue", "colour = red"]
        for row in rows["shown"]:
            width, colour, kind = table[row["number"]]
            assert row["values"] == {"width": float(width), "colour": colour, "kind": kind}
            assert row["encoded"][1:] == [float(colour == "blue"), float(colour == "red")]
        seen += [row["number"] for row in rows["shown"]]
    assert len({*seen}) == 48


def test_a_row_by_number_equals_the_same_row_as_values(trained: Trained) -> None:
    width, colour, kind = IRIS_LIKE.splitlines()[1 + 7].split(",")
    by_number = trained.explain(4, rows=[7])
    own = {"values": {"width": float(width), "colour": colour}, "target": kind}
    by_values = trained.explain(4, rows=own)
    as_array = trained.explain(4, rows={**own, "values": [float(width), colour]})
    assert by_number["explanation"] == by_values["explanation"] == as_array["explanation"]
    assert by_number["is_own_batch"] is False
    [row], [other], [third] = (one["rows"]["shown"] for one in (by_number, by_values, as_array))
    assert row == {**other, "number": 7}
    assert third == other
    assert by_number["explanation"]["rows"] == 1


def test_the_gradient_of_a_batch_is_the_mean_of_those_of_its_rows(trained: Trained) -> None:
    batch = trained.explain(5, matrices=["output.weight"])
    numbers = [row["number"] for row in batch["rows"]["shown"]]
    together = trained.explain(5, rows=numbers, matrices=["output.weight"])
    assert together["explanation"] == batch["explanation"]
    total = 0.0
    for number in numbers:
        single = trained.explain(5, rows=[number], matrices=["output.weight"])
        total += single["explanation"]["layers"][-1]["parameters"][0]["gradients"][0]
    mean = total / len(numbers)
    assert batch["explanation"]["layers"][-1]["parameters"][0]["gradients"][0] == pytest.approx(
        mean
    )


def test_rows_and_inputs_are_paged(trained: Trained) -> None:
    found = trained.explain(0, first_row=10, max_rows=4, first_input=1, max_inputs=1)
    rows = found["rows"]
    assert [row["position"] for row in rows["shown"]] == [10, 11, 12, 13]
    assert rows["left_out"] == 12
    assert [one["name"] for one in rows["inputs"]] == ["colour = blue"]
    assert rows["inputs_left_out"] == 2
    assert {*rows["shown"][0]["values"]} == {"colour", "kind"}
    assert {len(row["encoded"]) for row in rows["shown"]} == {1}


OWN: dict[str, Any] = {"values": {"width": 1.5, "colour": "red"}, "target": "a"}


@pytest.mark.parametrize(
    ("rows", "pointer", "detail"),
    [
        ("all", "/rows", 'must be "batch", a list of row numbers'),
        (17, "/rows", 'a row of your own such as {"values"'),
        ([], "/rows", "at least 1"),
        ([60], "/rows", "rows 0 to 59"),
        ([-1], "/rows/0", "greater than or equal to 0"),
        ([0] * 1025, "/rows", "at most 1024"),
        (OWN | {"target": "c"}, "/rows/target", "no class 'c'; its classes are 'a', 'b'"),
        (OWN | {"target": [1]}, "/rows/target", ""),
        (OWN | {"target": None}, "/rows/target", "no value of the target 'kind'"),
        (OWN | {"values": {"width": "wide", "colour": "red"}}, "/rows/values/width", "be read"),
        (OWN | {"values": {"width": [1], "colour": "red"}}, "/rows/values/width", ""),
        (OWN | {"values": {"colour": "red"}}, "/rows/values/width", "or null to have it imputed"),
        (OWN | {"values": {"widht": 1, "colour": "red"}}, "/rows/values/width", "mean 'widht'?"),
        (OWN | {"values": {**OWN["values"], "size": 1}}, "/rows/values/size", "leave it out"),
        (OWN | {"values": {"other": 1}}, "/rows/values/width", "no value of this column"),
        (OWN | {"values": [1, "red", 3]}, "/rows/values", "2"),
        (OWN | {"more": 1}, "/rows/more", "unknown"),
    ],
)
def test_rows_that_cannot_be_explained_are_named(
    trained: Trained, rows: Any, pointer: str, detail: str
) -> None:
    error = problem(trained.post(0, rows=rows), 422)["errors"][0]
    assert error["pointer"].startswith(pointer)
    assert detail in error["detail"]


def test_unreadable_values_of_a_row_are_named_together(trained: Trained) -> None:
    row = {"values": {"width": "1e999", "colour": "red"}, "target": "c"}
    errors = problem(trained.post(0, rows=row), 422)["errors"]
    assert [one["pointer"] for one in errors] == ["/rows/values/width", "/rows/target"]


def test_numbers_that_are_too_large_are_named_at_their_column(
    here: TestClient, settings: Settings
) -> None:
    table = "width,first,second\n" + "\n".join(f"{i * 5 % 13},{i * 3},{i * 7}" for i in range(20))
    csv = {"Content-Type": "text/csv"}
    dataset = here.post("/v1/datasets", content=table, headers=csv).json()["id"]

    def refused(target: Any, values: dict[str, int], given: Any) -> tuple[str, str]:
        job = here.post("/v1/jobs", json={"dataset_id": dataset, "target": target, **SMALL})
        train_waiting_jobs(settings)
        asked = {"step": 0, "rows": {"values": values, "target": given}}
        answer = here.post(f"/v1/jobs/{job.json()['id']}/explain", json=asked)
        [error] = problem(answer, 422)["errors"]
        return error["pointer"], error["detail"]

    detail = "column 'second' has a number too large for float32"
    assert refused("second", {"width": 1, "first": 1}, 1e308) == ("/rows/target", detail)
    given = {"first": 1, "second": 1e308}
    assert refused(["first", "second"], {"width": 1}, given) == ("/rows/target/second", detail)


def test_values_that_are_left_out_are_missing_where_the_training_had_missing_ones(
    here: TestClient, settings: Settings
) -> None:
    table = "width,kind\n" + "\n".join(f"{'' if i == 3 else i},{i % 2}" for i in range(20))
    csv = {"Content-Type": "text/csv"}
    dataset = here.post("/v1/datasets", content=table, headers=csv).json()["id"]
    body = {"dataset_id": dataset, "target": "kind", "task": "classification", **SMALL}
    job = here.post("/v1/jobs", json=body).json()["id"]
    train_waiting_jobs(settings)
    left_out = explain(here, job, 0, rows={"values": {}, "target": 1})
    as_null = explain(here, job, 0, rows={"values": {"width": None}, "target": 1})
    assert left_out["explanation"] == as_null["explanation"]
    asked = {"step": 0, "rows": {"values": {}, "target": "cat"}}
    error = problem(here.post(f"/v1/jobs/{job}/explain", json=asked), 422)["errors"][0]
    assert error["detail"] == "target 'kind' has no class 'cat'; its classes are 0, 1"


def test_batch_normalization_does_not_take_a_single_row(here: TestClient, train: Train) -> None:
    layers = [{"type": "dense", "units": 4}, {"type": "batch_normalization"}]
    job = train(**{**SMALL, "network": {"layers": layers}})
    for rows in ([3], OWN):
        answer = here.post(f"/v1/jobs/{job['id']}/explain", json={"step": 0, "rows": rows})
        error = problem(answer, 422)["errors"][0]
        assert error["code"] == "batch_normalization_single_row"
    assert explain(here, job["id"], 0, rows=[3, 4])["explanation"]["rows"] == 2
