"""Tables over HTTP: rows to predict in every format, and predictions in every format."""

import gzip
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from service.predictions import table_body
from service.routes import predictions as routes
from store.settings import Settings
from tests.service.conftest import Train, problem
from tests.service.hostile import arrays, arrow_files, compressed, csv_files, parquet_files
from tests.service.hostile.case import Case
from tests.service.limiters import CountingLimiter
from tests.service.models.test_imports import WEIGHTS, XOR
from tests.service.predictions.test_options import import_model
from tests.store.intake.any_files import arrow_bytes, npy_bytes, npz_bytes, parquet_bytes
from tests.training import train_waiting_jobs

CSV, JSON = "text/csv", "application/json"
STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
NUMBERS = np.random.default_rng(0).normal(size=(20, 2))


@pytest.fixture
def model(client: TestClient) -> dict[str, Any]:
    return import_model(client, XOR, WEIGHTS)


def post(
    client: TestClient, model: Any, content: bytes, media_type: str = CSV, **headers: str
) -> Any:
    stated = {"Content-Type": media_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return client.post(model["links"]["predict"], content=content, headers=stated)


def predict(client: TestClient, model: Any, content: bytes, media_type: str = CSV) -> Any:
    answer = post(client, model, content, media_type)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == JSON
    return answer.json()["data"]


def lines(rows: Any) -> str:
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())


TABLE = pa.table(list(NUMBERS.T), names=["a", "b"])
TEXT = ("a,b\n" + lines(NUMBERS)).encode()
FORMS = [
    (TEXT, CSV),
    (TEXT, "application/octet-stream"),
    (lines(NUMBERS).encode(), "text/csv; header=absent"),
    (TEXT, 'text/csv; charset=utf-8; header="present"'),
    (TEXT.replace(b",", b"\t"), "text/tab-separated-values"),
    (gzip.compress(TEXT), "application/gzip"),
    (parquet_bytes(TABLE), PARQUET),
    (arrow_bytes(TABLE, stream=True), STREAM),
    (arrow_bytes(TABLE), "application/vnd.apache.arrow.file"),
    (npy_bytes(NUMBERS), "application/x-npy"),
    (npy_bytes(np.asfortranarray(NUMBERS)), "application/x-npy"),
    (b"\n".join(json.dumps(row).encode() for row in TABLE.to_pylist()), "application/x-ndjson"),
    (json.dumps({"columns": TABLE.to_pydict()}).encode(), JSON),
    (json.dumps({"rows": TABLE.to_pylist()}).encode(), JSON),
]


def test_the_same_rows_are_predicted_alike_in_every_format(
    client: TestClient, model: dict[str, Any]
) -> None:
    expected = predict(client, model, json.dumps({"rows": NUMBERS.tolist()}).encode(), JSON)
    assert len({json.dumps(row) for row in expected}) > 5
    for content, media_type in FORMS:
        assert predict(client, model, content, media_type) == expected, media_type


def test_a_body_can_be_compressed_or_a_form(client: TestClient, model: dict[str, Any]) -> None:
    expected = predict(client, model, TEXT)
    packed = post(client, model, gzip.compress(TEXT), Content_Encoding="gzip")
    assert packed.json()["data"] == expected
    form = client.post(model["links"]["predict"], files={"file": ("rows.csv", TEXT)})
    assert form.json()["data"] == expected


def test_the_accept_header_chooses_the_format(client: TestClient, model: dict[str, Any]) -> None:
    found = post(client, model, TEXT).json()["data"]
    labels = [row["label"] for row in found]
    expected = [row["probabilities"] for row in found]
    for body, media_type in ((TEXT, CSV), (FORMS[-1][0], JSON)):
        answer = post(client, model, body, media_type, Accept="text/html, text/csv;q=0.9")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        head, *rows = [line.split(",") for line in answer.text.splitlines()]
        assert head == ["label", "probability", "probability_0", "probability_1", "flags"]
        assert [int(row[0]) for row in rows] == labels
        assert [[float(row[2]), float(row[3])] for row in rows] == expected
        for accept in (STREAM, PARQUET):
            answer = post(client, model, body, media_type, Accept=accept)
            assert answer.headers["content-type"] == accept
            is_stream = accept == STREAM
            table = (
                pa.ipc.open_stream(answer.content).read_all()
                if is_stream
                else pq.read_table(io.BytesIO(answer.content))
            )
            assert table.column("label").to_pylist() == labels
            columns = [table.column(f"probability_{level}").to_pylist() for level in (0, 1)]
            assert [list(pair) for pair in zip(*columns, strict=True)] == expected
        answer = post(client, model, body, media_type, Accept="text/html")
        assert answer.headers["content-type"] == JSON


def test_a_file_is_read_in_the_words_of_the_training_file(client: TestClient, train: Train) -> None:
    text = "size;sold on;fast;y\n" + "\n".join(
        f"{n % 7},5;{n % 28 + 1}.0{n % 9 + 1}.2021;{'yes' if n % 2 else 'no'};{n % 5},25"
        for n in range(60)
    )
    model = train(text, target="y", epochs=1)
    rows = [{"size": "3,5", "sold on": "5.03.2021", "fast": "yes"}, {"size": "?", "fast": "no"}]
    expected = client.post(model["links"]["predict"], json={"rows": rows}).json()["data"]
    content = b"fast,size,sold on\nyes,'3,5',5.03.2021\nno,'?',\n"
    assert predict(client, model, content) == expected
    assert [flag["flag"] for flag in expected[1]["flags"]][:2] == ["imputed", "imputed"]


def test_the_table_of_the_training_has_no_unknown_categories(
    client: TestClient, settings: Settings
) -> None:
    days = [date(2024, 1, 1 + n % 2) for n in range(40)]
    columns: dict[str, Any] = {
        "day": pa.array(days),
        "moment": pa.array(days).cast(pa.timestamp("us")),
        "whole": pa.array([n % 2 for n in range(40)], pa.int64()),
        "large": pa.array([2**60 + n % 2 for n in range(40)]),
        "half": pa.array([n % 2 / 2 for n in range(40)]),
        "tenth": pa.array([n % 2 / 10 for n in range(40)], pa.float32()),
        "price": pa.array([Decimal(n % 2) / 4 for n in range(40)], pa.decimal128(9, 2)),
        "truth": pa.array([n % 2 == 0 for n in range(40)]),
        "word": pa.array([f" {n % 2} " for n in range(40)]).dictionary_encode(),
    }
    content = parquet_bytes(pa.table({**columns, "y": [f"c{n % 2}" for n in range(40)]}))
    kinds = "&".join(f"kind={name}:categorical" for name in columns)
    headers = {"Content-Type": PARQUET}
    dataset = client.post(f"/v1/datasets?{kinds}", content=content, headers=headers).json()
    spec = {"dataset_id": dataset["id"], "target": "y", "epochs": 1, "validation": None}
    job = client.post("/v1/jobs", json={**spec, "features": [*columns]}).json()
    train_waiting_jobs(settings)
    job = client.get(job["links"]["self"]).json()
    assert job["status"] == "succeeded", job
    assert all(row["flags"] == [] for row in predict(client, job, content, PARQUET))


def test_errors_name_the_column_or_the_line(client: TestClient, model: dict[str, Any]) -> None:
    (error,) = problem(post(client, model, b"a,c\n1,2\n"), 422)["errors"]
    assert (error["code"], error["column"]) == ("unknown_column", "c")
    (error,) = problem(post(client, model, b"a,b\n1,2\n3\n"), 422)["errors"]
    assert (error["code"], error["line"]) == ("ragged_row", 3)
    path = f"{model['links']['predict']}?missing_columns=error"
    answer = client.post(path, content=b"a\n1\n", headers={"Content-Type": CSV})
    assert [error["code"] for error in problem(answer, 422)["errors"]] == ["missing_column"]
    assert problem(post(client, {"links": {"predict": "/v1/models/mdl_x/predict"}}, TEXT), 404)
    assert problem(post(client, model, TEXT, "text/html"), 415)
    assert problem(post(client, model, TEXT, Content_Encoding="br"), 415)
    assert problem(post(client, model, bytes(60_000)), 413)
    assert problem(post(client, model, TEXT, Content_Digest="sha-256=:AAAA:"), 422)


def test_exactly_one_of_rows_and_columns_is_expected(
    client: TestClient, model: dict[str, Any]
) -> None:
    body = {"rows": [[1, 2]], "columns": {"a": [1], "b": [2]}}
    (error,) = problem(client.post(model["links"]["predict"], json=body), 422)["errors"]
    assert "exactly one of rows and columns" in error["detail"]


def test_rows_are_bounded(
    client: TestClient, model: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_body, "MAX_TABLE_ROWS", 19)
    for content, media_type in FORMS[:11]:
        found = problem(post(client, model, content, media_type), 413)
        assert (found["code"], found["unit"]) == ("too_many_rows", "rows"), media_type
        assert found["reached"] > found["limit"] == 19
        assert "setting" not in found


LINES = "application/x-ndjson"


@pytest.mark.parametrize(
    ("content", "media_type", "headers", "waits"),
    [
        (TEXT, CSV, {}, False),
        (TEXT.replace(b",", b"\t"), "text/tab-separated-values", {}, False),
        (b'{"a":1,"b":2}\n' * 200, LINES, {}, False),
        (b'{"a":1,"b":2}\n' * 800, LINES, {}, True),
        # Whatever the header says, the file may expand.
        (gzip.compress(TEXT), CSV, {}, True),
        (gzip.compress(TEXT), CSV, {"Content-Encoding": "gzip"}, True),
        (gzip.compress(TEXT), "application/gzip", {}, True),
        (parquet_bytes(TABLE), CSV, {}, True),
        (arrow_bytes(TABLE, stream=True), CSV, {}, True),
        (npy_bytes(NUMBERS), CSV, {}, True),
        (npz_bytes(a=NUMBERS[:, 0], b=NUMBERS[:, 1]), CSV, {}, True),
        (npz_bytes(a=NUMBERS[:, 0], b=NUMBERS[:, 1]), LINES, {}, True),
        (json.dumps(TABLE.to_pylist()).encode(), "application/octet-stream", {}, True),
    ],
)
def test_all_tables_but_short_texts_wait_for_each_other(
    client: TestClient,
    model: dict[str, Any],
    content: bytes,
    media_type: str,
    headers: dict[str, str],
    waits: bool,
) -> None:
    limiter, app = CountingLimiter(), cast("Any", client.app)
    app.state.context = replace(app.state.context, row_readers=limiter)
    answer = post(client, model, content, media_type, **headers)
    assert answer.status_code == 200, answer.text
    assert limiter.users == waits


def test_csv_refuses_stats_before_the_rows_are_read(
    client: TestClient, model: dict[str, Any]
) -> None:
    """The table, which is wrong, is not looked at."""
    headers = {"Content-Type": CSV, "Accept": CSV}
    path = f"{model['links']['predict']}?stats=true"
    answer = client.post(path, content=b"a,b\n1\n", headers=headers)
    assert [error["code"] for error in problem(answer, 422)["errors"]] == ["no_stats"]


def test_large_json_waits_for_tables(
    client: TestClient, model: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter, app = CountingLimiter(), cast("Any", client.app)
    app.state.context = replace(app.state.context, row_readers=limiter)
    content = FORMS[-1][0]
    expected = predict(client, model, content, f"{JSON}; small")
    assert limiter.users == 0
    monkeypatch.setattr(routes, "SMALL_BODY_BYTES", len(content) - 1)
    assert predict(client, model, content, f"{JSON}; large") == expected
    assert limiter.users == 1


def test_reading_stops_with_the_service(client: TestClient, model: dict[str, Any]) -> None:
    cast("Any", client.app).state.context.stopping.set()
    answer = post(client, model, parquet_bytes(TABLE), PARQUET)
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert answer.headers["retry-after"]


HOSTILE: list[Case] = [
    case
    for module in (arrays, arrow_files, compressed, csv_files, parquet_files)
    for case in module.CASES
    # An infinite number is not understood, which is not an error.
    if not case.query and case.file_name is None and case.code != "infinite_number"
]


@pytest.mark.parametrize(
    "cases", [HOSTILE[::6], pytest.param(HOSTILE, marks=pytest.mark.rare)], ids=["some", "all"]
)
def test_hostile_files_are_refused(
    client: TestClient,
    model: dict[str, Any],
    settings: Settings,
    cases: list[Case],
    subtests: pytest.Subtests,
) -> None:
    for case in cases:
        if callable(case.content) or len(case.content) > settings.max_body_bytes:
            continue
        with subtests.test(case.name):
            headers = {"Content-Type": case.media_type, **case.headers}
            answer = client.post(model["links"]["predict"], content=case.content, headers=headers)
            assert 400 <= answer.status_code < 500
            assert problem(answer, answer.status_code)["errors"]
    assert not any((settings.data_dir / "incoming").iterdir())


def test_an_unknown_header_parameter_is_not_ignored(
    client: TestClient, model: dict[str, Any]
) -> None:
    headers = {"Content-Type": "text/csv; header=absnt"}
    found = client.post(model["links"]["predict"], content=b"1,2\n", headers=headers)
    assert (found.status_code, "absnt" in found.json()["detail"]) == (415, True)


def test_the_charset_of_a_table_is_read(client: TestClient, train: Train) -> None:
    job = train("größe,kind\n" + "\n".join(f"{n},{'ab'[n % 2]}" for n in range(40)))
    text = "größe\n3\n"
    expected = predict(client, job, json.dumps({"rows": [[3]]}).encode(), JSON)
    for charset in ("utf-16", "UTF-16LE", "iso-8859-1", "cp1252", '"utf8"'):
        content = text.encode(charset.strip('"'))
        assert predict(client, job, content, f"text/csv; charset={charset}") == expected


def test_text_of_another_charset_is_an_error(client: TestClient, model: dict[str, Any]) -> None:
    content = "a,b\n1,2\nä,1\n".encode("latin-1")
    found = problem(post(client, model, content, "text/csv; charset=utf-8"), 422)
    assert (found["code"], found["errors"][0]["line"]) == ("wrong_encoding", 3)
    assert predict(client, model, content)


@pytest.mark.parametrize("charset", ["klingon", "base64", "x" * 1_000, ""])
def test_an_unknown_charset_is_415(client: TestClient, model: dict[str, Any], charset: str) -> None:
    found = problem(post(client, model, TEXT, f'text/csv; charset="{charset}"'), 415)
    assert charset[:40] in found["detail"]
    assert "utf-8, utf-16" in found["detail"]
    assert len(found["detail"]) < 300


@pytest.mark.parametrize(
    ("array", "detail"),
    [
        (NUMBERS[:, :1], "each row has 1 value, but the model has 2 features"),
        (NUMBERS[:, 0], "each row has 1 value, but the model has 2 features"),
        (NUMBERS[:, [0, 1, 1]], "each row has 3 values, but the model has 2 features"),
        (np.zeros((4, 2, 3)), "each row is an array of 2 × 3 values, but one of 2 is expected"),
    ],
)
def test_arrays_of_another_width_are_refused(
    client: TestClient, model: dict[str, Any], array: Any, detail: str
) -> None:
    found = problem(post(client, model, npy_bytes(array), "application/x-npy"), 422)
    assert [error["detail"] for error in found["errors"]] == [detail]
