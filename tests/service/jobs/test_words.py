"""Class weights and validation values in the words of the file; unknown ones are refused."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import Train, Upload, problem

LETTERS = "abcdefghijklmnopqrst"
HEADER = "x,held,part,year,code,many,ok,digit"
ROWS = [
    f"{n}.5,{'TRUE' if n % 4 == 0 else 'FALSE'},{'Test' if n % 5 == 0 else 'train'},"
    f"{2019 + n % 3},{'' if n % 6 else 7},{LETTERS[n % 20]},{'False' if n % 2 else 'True'},{n % 2}"
    for n in range(60)
]
TABLE = "\n".join([HEADER, *ROWS])


def ask(client: TestClient, dataset: dict[str, Any], **body: Any) -> dict[str, Any]:
    body = {"dataset_id": dataset["id"], "target": "ok", "epochs": 1, "features": ["x"], **body}
    answer: dict[str, Any] = client.post("/v1/jobs/validate", json=body).json()
    return answer


def problems_of(client: TestClient, dataset: dict[str, Any], **body: Any) -> list[list[str]]:
    """Return pointer, code and detail of each problem, which both routes report alike."""
    body = {"dataset_id": dataset["id"], "target": "ok", "epochs": 1, "features": ["x"], **body}
    posted = problem(client.post("/v1/jobs", json=body), 422)["errors"]
    validated = client.post("/v1/jobs/validate", json=body).json()["findings"]
    found = [[error[key] for key in ("pointer", "code", "detail")] for error in posted]
    errors = [finding for finding in validated if finding["level"] == "error"]
    assert found == [[error[key] for key in ("pointer", "code", "detail")] for error in errors]
    return found


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("held", "TRUE"),
        ("held", "true"),
        ("held", True),
        ("held", 1),
        ("held", " yes"),
        ("part", "Test "),
        ("year", 2020),
        ("year", "2020"),
        ("year", "2020.0"),
        ("code", "7"),
        ("many", "t"),
    ],
)
def test_validation_values_are_words_of_the_file(
    client: TestClient, upload: Upload, column: str, value: Any
) -> None:
    validation = {"column": column, "values": [value]}
    assert ask(client, upload(TABLE), validation=validation)["valid"]


@pytest.mark.parametrize(
    ("column", "value", "code", "says"),
    [
        ("held", "maybe", "unknown_value", "true or false is expected"),
        ("part", "test", "unknown_value", "'Test', 'train'; did you mean 'Test'?"),
        ("part", "NA", "missing_value", "rows without a value are used for training"),
        ("year", 2029, "unknown_value", "2019, 2020, 2021; did you mean 2021?"),
        ("year", "last", "unknown_value", "a number is expected, such as 1.5, not 'last'"),
        ("many", "z", "unknown_value", "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j' and 10"),
    ],
)
def test_value_that_no_row_has_is_refused_at_its_entry(
    client: TestClient, upload: Upload, column: str, value: Any, code: str, says: str
) -> None:
    known: dict[str, Any] = {"held": "TRUE", "part": "train", "year": 2019, "many": "a"}
    validation = {"column": column, "values": [known[column], value]}
    ((pointer, found, detail),) = problems_of(client, upload(TABLE), validation=validation)
    assert (pointer, found) == ("/validation/values/1", code)
    assert says in detail


@pytest.mark.parametrize(
    ("validation", "pointer", "code"),
    [
        ({"column": "held", "values": [True, "no"]}, "values", "every_row_selected"),
        ({"column": "year"}, "column", "no_row_selected"),
        ({"column": "many"}, "column", "no_row_selected"),
    ],
)
def test_a_side_without_rows_is_refused(
    client: TestClient, upload: Upload, validation: dict[str, Any], pointer: str, code: str
) -> None:
    (found,) = problems_of(client, upload(TABLE), validation=validation)
    assert found[:2] == [f"/validation/{pointer}", code]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_test_rows_are_marked_likewise(client: TestClient, upload: Upload, part: str) -> None:
    dataset = upload(TABLE)
    assert ask(client, dataset, **{part: {"column": "held", "values": ["TRUE"]}})["valid"]
    (found,) = problems_of(client, dataset, **{part: {"column": "part", "values": ["test"]}})
    assert found[:2] == [f"/{part}/values/0", "unknown_value"]
    assert ask(client, dataset, **{part: {"column": "part"}})["valid"]
    (found,) = problems_of(client, dataset, **{part: {"column": "year"}})
    assert found[:2] == [f"/{part}/column", "no_row_selected"]


@pytest.mark.parametrize(
    ("validation", "test", "code"),
    [
        ([2019], [2020, "2021.0"], "every_row_selected"),
        ([2019], ["2019", 2020], "no_row_selected"),
    ],
)
def test_rows_are_left_beside_both_parts(
    client: TestClient, upload: Upload, validation: list[Any], test: list[Any], code: str
) -> None:
    parts = {
        "validation": {"column": "year", "values": validation},
        "test": {"column": "year", "values": test},
    }
    (found,) = problems_of(client, upload(TABLE), **parts)
    assert found[:2] == ["/validation/column", code]
    parts["test"] = {"column": "year", "values": [2020]}
    assert ask(client, upload(TABLE), **parts)["valid"]


def test_all_values_may_be_listed_if_other_rows_have_none(
    client: TestClient, upload: Upload
) -> None:
    assert ask(client, upload(TABLE), validation={"column": "code", "values": [7]})["valid"]


@pytest.mark.parametrize(
    ("target", "name"),
    [("ok", "TRUE"), ("ok", "no"), ("digit", "1.0"), ("many", " t"), ("part", "Test")],
)
def test_classes_are_named_in_words_of_the_file(
    client: TestClient, upload: Upload, target: str, name: str
) -> None:
    assert ask(client, upload(TABLE), target=target, class_weight={name: 5})["valid"]


@pytest.mark.parametrize(
    ("target", "weights", "pointer", "code", "says"),
    [
        ("ok", {"c/d": 1}, "c~1d", "unknown_class", "its classes are false, true"),
        ("part", {"Test": 2, "trian": 1}, "trian", "unknown_class", "did you mean 'train'?"),
        ("digit", {"2": 1}, "2", "unknown_class", "0, 1; did you mean 1?"),
        ("digit", {"one": 1}, "one", "unknown_class", "a number is expected"),
        ("ok", {"1": 1, "TRUE": 2}, "TRUE", "repeated_class", "'1' and 'TRUE' are the same class"),
        ("digit", {"1": 1, "1.0": 2}, "1.0", "repeated_class", "'1' and '1.0'"),
        ("part", {"NA": 1}, "NA", "missing_class", "its rows are left out"),
    ],
)
def test_name_that_is_no_class_is_refused_at_its_key(
    client: TestClient,
    upload: Upload,
    target: str,
    weights: dict[str, float],
    pointer: str,
    code: str,
    says: str,
) -> None:
    body = {"target": target, "task": "classification", "class_weight": weights}
    ((found, found_code, detail),) = problems_of(client, upload(TABLE), **body)
    assert (found, found_code) == (f"/class_weight/{pointer}", code)
    assert says in detail


def test_words_are_read_by_the_worker(train: Train) -> None:
    validation = {"column": "held", "values": ["TRUE"]}
    job = train(TABLE, target="ok", validation=validation, class_weight={"FALSE": 5})
    assert job["status"] == "succeeded", job
    assert job["spec"]["class_weight"] == {"FALSE": 5}


def test_number_that_marks_a_missing_value_is_missing_everywhere(client: TestClient) -> None:
    text = "x,y,held\n" + "\n".join(f"{-999 if n % 5 else n},{n % 2},{n % 3}" for n in range(40))
    stated = client.post(
        "/v1/datasets?missing=-999", content=text, headers={"Content-Type": "text/csv"}
    ).json()
    codes = [
        problems_of(client, stated, target="y", task="classification", **body)[0][1]
        for body in (
            {"validation": {"column": "held", "values": [-999]}},
            {"class_weight": {"-999": 2}},
        )
    ]
    assert codes == ["missing_value", "missing_class"]
