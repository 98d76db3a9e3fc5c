"""Options of predictions over HTTP."""

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.predictions import answers, flags
from store.blobs.tensors import pack_arrays
from tests.service.conftest import Train, problem
from tests.service.models.test_imports import WEIGHTS, XOR, send

Model = dict[str, Any]


def import_model(client: TestClient, described: Model, weights: dict[str, Any]) -> Model:
    answer = send(client, described, pack_arrays(weights))
    assert answer.status_code == 201, answer.text
    model: Model = answer.json()
    return model


@pytest.fixture
def xor(client: TestClient) -> Model:
    """A model of two complete features, 0 and 1, whose hidden units are OR and AND."""
    numbers = [{"type": "numeric", "name": name, "minimum": 0, "maximum": 1} for name in "ab"]
    described = XOR["preprocessing"] | {"columns": numbers, "incomplete": []}
    return import_model(client, XOR | {"preprocessing": described}, WEIGHTS)


def post(client: TestClient, model: Model, rows: Any, query: str = "") -> Any:
    return client.post(f"{model['links']['predict']}?{query}", json={"rows": rows})


def predict(client: TestClient, model: Model, rows: Any, query: str = "") -> Any:
    answer = post(client, model, rows, query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refuse(answer: Any) -> list[tuple[str, str, str]]:
    errors = problem(answer, 422)["errors"]
    return [(error["pointer"], error["code"], error["detail"]) for error in errors]


def flags_of(found: Any) -> list[list[tuple[str, str]]]:
    return [[(flag["column"], flag["flag"]) for flag in row["flags"]] for row in found["data"]]


def test_a_column_that_some_rows_lack_is_imputed_and_flagged(
    client: TestClient, xor: Model
) -> None:
    found = predict(client, xor, [{"a": 1}, {"a": 1, "b": 1}])
    assert flags_of(found) == [[("b", "imputed")], []]


def test_a_column_that_every_row_lacks_is_an_error(client: TestClient, xor: Model) -> None:
    ((pointer, code, detail),) = refuse(post(client, xor, [{"a": 1}, {"a": 0}]))
    assert (pointer, code) == ("/rows", "missing_column")
    assert "no row has 'b'" in detail
    assert "missing_columns=impute" in detail
    # null is a value that is missing, and arrays have every column.
    assert flags_of(predict(client, xor, [{"a": 1, "b": None}])) == [[("b", "imputed")]]
    assert flags_of(predict(client, xor, [{"a": 1}, [1, None]])) == [[("b", "imputed")]] * 2


@pytest.mark.parametrize("incomplete", [["b"], None])
def test_a_column_with_gaps_in_training_may_be_absent(
    client: TestClient, incomplete: list[str] | None
) -> None:
    described = XOR["preprocessing"] | {"incomplete": incomplete}
    model = import_model(client, XOR | {"preprocessing": described}, WEIGHTS)
    assert flags_of(predict(client, model, [{"a": 1}])) == [[("b", "imputed")]]


def test_imputed_ignored_and_refused_columns_differ_in_nothing_else(
    client: TestClient, xor: Model
) -> None:
    rows = [{"a": 1}, {"a": None}]
    imputed = predict(client, xor, rows, "missing_columns=impute")
    ignored = predict(client, xor, rows, "missing_columns=ignore")
    assert flags_of(imputed) == [[("b", "imputed")], [("a", "imputed"), ("b", "imputed")]]
    assert flags_of(ignored) == [[], [("a", "imputed")]]
    assert [row["probabilities"] for row in imputed["data"]] == [
        row["probabilities"] for row in ignored["data"]
    ]
    mixed = [{"a": 1, "b": 0}, {"a": 1}, [1, None]]
    assert refuse(post(client, xor, mixed, "missing_columns=error")) == [
        ("/rows/1", "missing_column", "the row lacks 'b'")
    ]


def test_an_unknown_column_is_refused_with_the_nearest_feature(
    client: TestClient, xor: Model
) -> None:
    absent, unknown = refuse(post(client, xor, [{"a": 1, "B ": 1}]))
    assert absent[:2] == ("/rows", "missing_column")
    assert "'b', which had no missing values in training; did you mean it by 'B '?" in absent[2]
    detail = "not a feature of the model; did you mean 'b'?"
    assert unknown == ("/rows/0/B ", "unknown_column", detail)


def test_other_columns_than_those_of_the_dataset_are_ignored_on_request(
    client: TestClient, xor: Model
) -> None:
    rows = [{"a": 1, "b": 0, "y": 1, "other": 1}]
    ((pointer, _, detail),) = refuse(post(client, xor, rows))
    assert (pointer, "extra_columns=ignore" in detail) == ("/rows/0/other", True)
    assert flags_of(predict(client, xor, rows, "extra_columns=ignore")) == [[]]
    found = refuse(post(client, xor, rows, "extra_columns=error"))
    assert [pointer for pointer, _, _ in found] == ["/rows/0/y", "/rows/0/other"]
    assert found[0][2].startswith("a column of the dataset, but not a feature of the model; it is")
    assert "ignored without extra_columns=error" in found[0][2]


def test_the_model_knows_which_columns_had_gaps(client: TestClient, train: Train) -> None:
    text = "x,z,kind\n" + "\n".join(
        f"{n % 7},{'' if n % 5 else n % 9},{'ab'[n % 2]}" for n in range(60)
    )
    job = train(text)
    assert client.get(job["links"]["model"]).json()["preprocessing"]["incomplete"] == ["z"]
    assert len(predict(client, job, [{"x": 1}])["data"]) == 1
    refuse(post(client, job, [{"z": 1}]))
    again = train(text, start_from={"model_id": job["model_id"]})
    assert client.get(again["links"]["model"]).json()["preprocessing"]["incomplete"] == ["z"]


def test_incomplete_columns_of_an_import_are_features(client: TestClient) -> None:
    described = XOR | {"preprocessing": XOR["preprocessing"] | {"incomplete": ["a", "y"]}}
    found = refuse(send(client, described, pack_arrays(WEIGHTS)))
    assert [one[:2] for one in found] == [("/preprocessing/incomplete/1", "unknown_column")]


def test_layers_are_returned_beside_the_predictions(client: TestClient, xor: Model) -> None:
    rows = [[0, 0], [0, 1], [1, 1]]
    plain = predict(client, xor, rows)
    found = predict(client, xor, rows, "layers=layers.0")
    assert found["layers"] == {"layers.0": {"shape": [2]}}
    hidden = [row.pop("activations")["layers.0"] for row in found["data"]]
    np.testing.assert_allclose(hidden, [[0, 0], [1, 0], [1, 1]], atol=1e-4)
    assert found["data"] == plain["data"]
    assert "layers" not in plain
    both = predict(client, xor, rows, "layers=all")
    assert [*both["layers"]] == ["layers.0", "output"]
    assert both["data"][1]["activations"]["layers.0"] == hidden[1]
    assert both["data"][1]["activations"]["output"] == both["data"][1]["probabilities"][1:]
    assert predict(client, xor, rows, "layers=layers.0,output, layers.0") == both
    assert predict(client, xor, rows, "layers=output,all") == both


def test_unknown_layers_are_refused_with_the_names(client: TestClient, xor: Model) -> None:
    for query in ("layers=layer.0", "layers=", "layers=all,layers.9"):
        ((pointer, code, detail),) = refuse(post(client, xor, [[0, 0]], query))
        assert (pointer, code) == ("/layers", "unknown_layer")
        assert "the names are 'all', 'layers.0', 'output'" in detail


def test_layers_of_too_many_rows_are_refused(
    client: TestClient, xor: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MAX_VALUES", 6)
    assert len(predict(client, xor, [[0, 0]] * 2, "layers=all")["data"]) == 2
    assert refuse(post(client, xor, [[0, 0]] * 3, "layers=all")) == [
        (
            "/rows",
            "too_many_values",
            "3 rows of 3 activations are more than 6 values; send at most 2 rows per request",
        )
    ]


def test_layers_of_images_are_flat_in_the_stated_shape(client: TestClient) -> None:
    pixels = [{"type": "numeric", "name": f"p{n}"} for n in range(4)]
    layers = [
        {"type": "reshape", "shape": [2, 2, 1]},
        {"type": "conv2d", "filters": 2, "kernel_size": 1, "use_bias": False},
        {"type": "flatten"},
    ]
    target = {"type": "number", "name": "y"}
    described = {
        "network": {"layers": layers, "output": {"use_bias": False}},
        "preprocessing": {"columns": pixels, "target": target},
    }
    weights = {
        "layers.1.weight": np.array([[[[1.0, 10.0]]]], np.float32),
        "output.weight": np.ones((8, 1), np.float32),
    }
    model = import_model(client, described, weights)
    found = predict(client, model, [[1, 2, 3, 4]], "layers=layers.1")
    assert found["layers"] == {"layers.1": {"shape": [2, 2, 2]}}
    assert found["data"][0]["activations"]["layers.1"] == [1, 10, 2, 20, 3, 30, 4, 40]


def test_activations_that_are_not_finite_are_null(client: TestClient) -> None:
    described = XOR | {"network": {"layers": [{"type": "dense", "units": 2, "activation": "relu"}]}}
    weights = WEIGHTS | {
        "layers.0.weight": np.full((2, 2), 3e38, np.float32),
        "output.weight": np.full((2, 1), -1, np.float32),
    }
    model = import_model(client, described, weights)
    plain, found = (predict(client, model, [[2, 2]], query) for query in ("", "layers=layers.0"))
    assert found["data"][0].pop("activations") == {"layers.0": [None, None]}
    assert found["data"] == plain["data"]


def test_labels_below_the_required_probability_are_withheld(client: TestClient, xor: Model) -> None:
    plain = predict(client, xor, [[0, 1], [0.5, 0]])
    assert [row["abstained"] for row in plain["data"]] == [False, False]
    assert plain["data"][1]["probability"] < 0.9
    found = predict(client, xor, [[0, 1], [0.5, 0]], "min_probability=0.9")
    assert found["data"][0] == plain["data"][0]
    assert found["data"][1] == plain["data"][1] | {"label": None, "abstained": True}
    exact = f"min_probability={plain['data'][1]['probability']!r}"
    assert predict(client, xor, [[0.5, 0]], exact)["data"][0]["abstained"] is False


def test_each_label_is_withheld_by_itself(client: TestClient) -> None:
    names = [{"type": "classes", "name": name, "classes": [False, True]} for name in ("p", "q")]
    described = {
        "network": {"layers": []},
        "preprocessing": {
            "columns": [{"type": "numeric", "name": "a"}],
            "target": {"type": "labels", "labels": names},
        },
    }
    weights = {
        "output.weight": np.array([[-9, 1]], np.float32),
        "output.bias": np.zeros(2, np.float32),
    }
    model = import_model(client, described, weights)
    (row,) = predict(client, model, [[1]], "min_probability=0.9")["data"]
    assert (row["labels"], row["abstained"]) == ({"p": False, "q": None}, ["q"])
    assert row["probabilities"].keys() == {"p", "q"}
    (row,) = predict(client, model, [[1]])["data"]
    assert (row["labels"], row["abstained"]) == ({"p": False, "q": True}, [])


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "hinge", "network": {"layers": [], "output": {"activation": "linear"}}},
        {"target": {"type": "number", "name": "y"}},
        {"target": {"type": "inputs"}},
    ],
)
def test_models_without_probabilities_cannot_abstain(client: TestClient, change: Model) -> None:
    target = {"type": "classes", "name": "y", "classes": ["p", "q", "r"]}
    described = {
        "network": {"layers": []},
        "preprocessing": {"columns": XOR["preprocessing"]["columns"][:1], "target": target},
    }
    if "target" in change:
        described["preprocessing"] |= change
    else:
        described |= change
    units = 1 if "target" in change else 3
    shapes = {"output.weight": (1, units), "output.bias": (units,)}
    weights = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    model = import_model(client, described, weights)
    found = refuse(post(client, model, [[1]], "min_probability=0.5"))
    assert [one[:2] for one in found] == [("/min_probability", "no_probabilities")]


def test_flags_are_counted_in_place_of_being_listed(client: TestClient, xor: Model) -> None:
    rows: list[Any] = [[0, 1], [9, None], ["x", 9], [1, None]]
    plain = predict(client, xor, rows)
    found = predict(client, xor, rows, "stats=true")
    assert found["stats"] == {
        "rows": 4,
        "flagged_rows": 3,
        "columns": {
            "a": {"not_understood": 1, "out_of_range": 1},
            "b": {"imputed": 2, "out_of_range": 1},
        },
    }
    for row in plain["data"]:
        del row["flags"]
    assert found["data"] == plain["data"]
    assert "stats" not in plain
    assert predict(client, xor, [[0, 1]], "stats=true")["stats"] == {
        "rows": 1,
        "flagged_rows": 0,
        "columns": {},
    }


def test_too_many_flags_are_counted_only(
    client: TestClient, xor: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flags, "MAX_VALUES", 3)
    assert len(predict(client, xor, [[None, 1]] * 3)["data"]) == 3
    ((pointer, code, detail),) = refuse(post(client, xor, [[None, None]] * 2))
    assert (pointer, code) == ("/rows", "too_many_values")
    assert "4 values" in detail
    assert "stats=true" in detail
    found = predict(client, xor, [[None, None]] * 2, "stats=true")
    assert found["stats"]["columns"] == {"a": {"imputed": 2}, "b": {"imputed": 2}}


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("stat=true", "/stat", "unknown_parameter"),
        ("stats=true&stats=true", "/stats", "repeated_parameter"),
        ("stats=perhaps", "/stats", "bool_parsing"),
        ("min_probability=1.5", "/min_probability", "less_than_equal"),
        ("min_probability=nan", "/min_probability", "finite_number"),
        ("missing_columns=drop", "/missing_columns", "literal_error"),
        ("extra_columns=impute", "/extra_columns", "literal_error"),
    ],
)
def test_wrong_options_are_refused(
    client: TestClient, xor: Model, query: str, pointer: str, code: str
) -> None:
    answer = post(client, xor, [[0, 0]], query)
    assert [one[:2] for one in refuse(answer)] == [(pointer, code)]
    assert answer.json()["errors"][0]["location"] == "query"


def test_the_id_of_a_job_is_answered_with_its_model(client: TestClient, train: Train) -> None:
    job = train()
    answer = client.post(f"/v1/models/{job['id']}/predict", json={"rows": [[1, "red"]]})
    assert problem(answer, 404)["detail"].endswith(f"whose model is {job['model_id']}")
    for wrong in ("job_0", "mdl_0", "x"):
        answer = client.post(f"/v1/models/{wrong}/predict", json={"rows": [[1, "red"]]})
        assert problem(answer, 404)["detail"].replace("'", "") == f"no model with id {wrong}"


@pytest.mark.parametrize(
    "body", [{"rows": [{"k" * 30_000: 1}]}, {"rows": [], "k" * 30_000: 1}], ids=["row", "body"]
)
def test_a_problem_with_a_long_key_is_short(client: TestClient, body: dict[str, Any]) -> None:
    model = import_model(client, XOR, WEIGHTS)
    found = client.post(model["links"]["predict"], json=body)
    assert found.status_code == 422
    assert len(found.content) < 8_000
