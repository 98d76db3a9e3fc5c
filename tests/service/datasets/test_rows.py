"""Rows and single columns of a dataset."""

import csv
import io
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.settings import Settings, load_settings
from tests.schema import make_schema
from tests.service.conftest import Upload, problem

TEXT = (
    "size,word,flag,day\n1.5,=1+1,true,2024-01-31\n-2,b,false,2024-02-01\n"
    ",=1+1,true,2024-02-02\n4,b,,\n"
)


def test_rows_are_records_in_the_file_s_order(client: TestClient, upload: Upload) -> None:
    found = client.get(upload(TEXT)["links"]["rows"]).json()
    assert (found["offset"], found["rows"], found["has_more"]) == (0, 4, False)
    first, *_, last = found["data"]
    assert (first["size"], first["word"], first["flag"]) == (1.5, "=1+1", True)
    assert first["day"].startswith("2024-01-31")
    assert last == {"size": 4.0, "word": "b", "flag": None, "day": None}


@pytest.mark.parametrize(
    ("offset", "limit", "sizes", "has_more"),
    [
        (0, 2, [1.5, -2.0], True),
        (2, 2, [None, 4.0], False),
        (1, 1, [-2.0], True),
        (3, 1000, [4.0], False),
        (4, 5, [], False),
        (10**12, 5, [], False),
    ],
)
def test_rows_are_paged(
    client: TestClient,
    upload: Upload,
    offset: int,
    limit: int,
    sizes: list[float | None],
    has_more: bool,
) -> None:
    rows = upload(TEXT)["links"]["rows"]
    found = client.get(f"{rows}?offset={offset}&limit={limit}").json()
    assert ([row["size"] for row in found["data"]], found["has_more"]) == (sizes, has_more)


def test_twenty_rows_are_a_page_unless_asked_otherwise(client: TestClient, upload: Upload) -> None:
    rows = upload()["links"]["rows"]
    assert len(client.get(rows).json()["data"]) == 20
    assert len(client.get(f"{rows}?limit=1000").json()["data"]) == 60


def test_page_of_a_wide_table_has_fewer_rows(client: TestClient, upload: Upload) -> None:
    wide = ",".join(f"c{n}" for n in range(2000)) + "\n" + ("1," * 1999 + "1\n") * 20
    rows = upload(wide)["links"]["rows"]
    found = client.get(f"{rows}?limit=1000").json()
    assert (len(found["data"]), found["has_more"]) == (20, False)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "format=xml", "limit=x"])
def test_wrong_page_is_refused(client: TestClient, upload: Upload, query: str) -> None:
    answer = client.get(f"{upload(TEXT)['links']['rows']}?{query}")
    assert problem(answer, 422)["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_rows_as_csv_are_harmless(client: TestClient, upload: Upload) -> None:
    rows = upload(TEXT)["links"]["rows"]
    asked = client.get(rows, headers={"Accept": "text/csv"})
    assert asked.headers["content-type"].startswith("text/csv")
    assert asked.text == client.get(f"{rows}?format=csv").text
    less = client.get(rows, headers={"Accept": "text/csv;q=0.5, application/json"})
    assert less.headers["content-type"] == "application/json"
    header, first, second, *_ = csv.reader(io.StringIO(asked.text, newline=""))
    assert header == ["size", "word", "flag", "day"]
    assert first[:3] == ["1.5", "'=1+1", "true"]
    assert second[0] == "-2.0"


def test_names_in_csv_are_harmless(client: TestClient, upload: Upload) -> None:
    rows = upload("=cmd(),b\n1,x\n2,y\n")["links"]["rows"]
    assert client.get(f"{rows}?format=csv").text.startswith("'=cmd(),b\r\n")


def test_column_of_numbers_has_a_histogram(client: TestClient, upload: Upload) -> None:
    dataset = upload()
    found = client.get(f"/v1/datasets/{dataset['id']}/columns/width").json()
    assert {name: found[name] for name in dataset["columns"][0]} == dataset["columns"][0]
    assert (found["dataset_id"], found["rows"]) == (dataset["id"], 60)
    histogram = found["histogram"]
    assert sum(histogram["counts"]) == 60
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    assert (histogram["edges"][0], histogram["edges"][-1]) == (found["min"], found["max"])
    fractions = [quantile["fraction"] for quantile in histogram["quantiles"]]
    assert fractions == sorted(fractions)
    assert not histogram["is_sampled"]


def test_column_of_categories_has_its_most_frequent_values(
    client: TestClient, upload: Upload
) -> None:
    found = client.get(f"/v1/datasets/{upload()['id']}/columns/colour").json()
    assert found["top_values"] == [{"value": "red", "rows": 40}, {"value": "blue", "rows": 20}]
    assert (found["cardinality"], found["histogram"]) == (2, None)
    assert (found["other_values"], found["other_rows"]) == (0, 0)


def test_times_are_rfc_3339(client: TestClient, upload: Upload) -> None:
    dataset = upload(TEXT)
    found = client.get(f"/v1/datasets/{dataset['id']}/columns/day").json()
    assert found["kind"] == "time"
    assert (found["min"], found["max"]) == ("2024-01-31", "2024-02-02")
    assert found["mean"] == "2024-02-01"
    assert found["std"] == pytest.approx(70_545.3, abs=20_000)
    assert found["histogram"]["edges"][0] == "2024-01-31"


@pytest.mark.parametrize("name", ["a/b", "/", "a//b", "50 %", "ä?#&", "..", "rows", "a:b"])
def test_column_of_any_name_is_found(client: TestClient, upload: Upload, name: str) -> None:
    dataset = upload(f"{name},y\n1,2\n2,3\n")
    # Unescaped, the client would resolve .. to the parent path.
    escaped = quote(name, safe="").replace(".", "%2E")
    found = client.get(dataset["links"]["columns"].replace("{name}", escaped))
    assert found.json()["name"] == name


@pytest.mark.parametrize("name", ["nope", "WIDTH", "width/", "%00", "%ff", ""])
def test_unknown_column_is_404(client: TestClient, upload: Upload, name: str) -> None:
    problem(client.get(f"/v1/datasets/{upload()['id']}/columns/{name}"), 404)


@pytest.mark.parametrize("path", ["rows", "rows?format=csv", "columns/x"])
def test_unknown_dataset_is_404(client: TestClient, path: str) -> None:
    problem(client.get(f"/v1/datasets/ds_nope/{path}"), 404)


def test_page_of_long_texts_has_fewer_rows(settings: Settings) -> None:
    make_schema(settings.database_url)
    large = load_settings(**settings.model_dump() | {"max_upload_bytes": 2**26})
    text = "x,y\n" + "".join(f"{chr(97 + n) * 2_000_000},{n}\n" for n in range(20))
    sizes: list[int] = []
    with TestClient(create_app(large)) as client:
        answer = client.post("/v1/datasets", content=text, headers={"Content-Type": "text/csv"})
        rows, has_more = answer.json()["links"]["rows"], True
        while has_more:
            found = client.get(f"{rows}?limit=1000&offset={sum(sizes)}").json()
            sizes.append(len(found["data"]))
            has_more = found["has_more"]
    assert sum(sizes) == 20
    assert len(sizes) > 1
