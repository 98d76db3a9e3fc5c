"""Read options of an upload: each parameter takes effect or is rejected."""

import gzip
from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import problem
from tests.service.datasets.test_datasets import files_in

CSV = {"Content-Type": "text/csv"}


def take_in(client: TestClient, content: str | bytes, **query: Any) -> dict[str, Any]:
    answer = client.post("/v1/datasets", content=content, params=query, headers=CSV)
    assert answer.status_code == 201, answer.text
    dataset: dict[str, Any] = answer.json()
    return dataset


def column(dataset: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in dataset["columns"] if found["name"] == name)


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        *(("tab", "\t"), ("comma", ","), ("semicolon", ";"), ("pipe", "|"), ("space", " ")),
        *(("\t", "\t"), (";", ";"), ("^", "^")),
    ],
)
def test_delimiter_is_a_character_or_its_name(client: TestClient, word: str, sign: str) -> None:
    dataset = take_in(client, f"a{sign}b\n1{sign}x\n2{sign}y\n", delimiter=word)
    assert dataset["options"]["delimiter"] == sign
    assert [column["name"] for column in dataset["columns"]] == ["a", "b"]


def test_stated_decimal_comma_is_read(client: TestClient) -> None:
    dataset = take_in(client, "a;b\n1,5;x\n2,5;y\n", delimiter=";", decimal=",")
    assert column(dataset, "a")["mean"] == 2.0
    assert dataset["options"]["decimal"] == ","


def test_stated_quote_is_read(client: TestClient) -> None:
    dataset = take_in(client, "a,b\n'x,y',1\n'z',2\n", quote="'")
    assert {top["value"] for top in column(dataset, "a")["top_values"]} == {"x,y", "z"}


@pytest.mark.parametrize("none", ["", "none"])
def test_quotes_can_be_letters_like_others(client: TestClient, none: str) -> None:
    dataset = take_in(client, 'a,b\n"x,1\ny,2\n', quote=none)
    assert {top["value"] for top in column(dataset, "a")["top_values"]} == {'"x', "y"}


@pytest.mark.parametrize(("header", "rows"), [("true", 2), ("false", 3)])
def test_header_is_stated(client: TestClient, header: str, rows: int) -> None:
    assert take_in(client, "a,b\nx,y\nz,w\n", header=header)["rows"] == rows


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252", "UTF8"])
def test_stated_encoding_is_read(client: TestClient, encoding: str) -> None:
    dataset = take_in(client, "a,größe\nx,1\ny,2\n".encode(encoding), encoding=encoding)
    assert dataset["columns"][1]["name"] == "größe"


def test_markers_of_missing_values_are_stated(client: TestClient) -> None:
    text = "a,b\n1,x\n-1,x\nunknown,y\n"
    dataset = take_in(client, text, missing=["unknown", "-1"])
    assert (column(dataset, "a")["kind"], column(dataset, "a")["missing"]) == ("numeric", 2)
    assert dataset["options"]["missing"] == ["unknown", "-1"]


def test_only_the_empty_cell_is_missing(client: TestClient) -> None:
    dataset = take_in(client, "a,b\nNA,x\n,y\nz,y\n", missing="")
    assert column(dataset, "a")["missing"] == 1
    assert dataset["options"]["missing"] == []


def test_kinds_are_stated_by_name_up_to_the_last_colon(client: TestClient) -> None:
    text = "zip,time: of day\n10115,1\n20095,2\n"
    dataset = take_in(client, text, kind=["zip:categorical", "time: of day:categorical"])
    assert [column["kind"] for column in dataset["columns"]] == ["categorical", "categorical"]
    assert dataset["options"]["kinds"] == {"zip": "categorical", "time: of day": "categorical"}


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_compression_is_stated(client: TestClient, compression: str) -> None:

    content = b"a,b\n1,2\n"
    packed = gzip.compress(content) if compression == "gzip" else content
    assert take_in(client, packed, compression=compression)["options"]["compression"] == compression


@pytest.mark.parametrize(
    ("text", "stated"),
    [('[{"a": 1}]', "json"), ('{"a": 1}\n{"a": 2}\n', "json_lines"), ("a,b\n1,2\n", "csv")],
)
def test_stated_format_goes_before_the_media_type(
    client: TestClient, text: str, stated: str
) -> None:
    assert take_in(client, text, format=stated)["format"] == stated


def test_name_is_stated_or_that_of_the_file(client: TestClient) -> None:
    assert take_in(client, "a\n1\n", name="numbers")["name"] == "numbers"
    assert take_in(client, "a\n2\n")["name"] == "dataset"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("delimiter=ab", "/delimiter"),
        ("quote=x", "/quote"),
        ("decimal=x", "/decimal"),
        ("header=perhaps", "/header"),
        ("format=xlsx", "/format"),
        ("compression=rar", "/compression"),
        ("encoding=klingon", "/encoding"),
        ("missing=" + "x" * 65, "/missing"),
        ("kind=a:colour", "/kind"),
        ("kind=a:text&kind=a:numeric", "/kind"),
        ("kind=unknown:text", "/kind"),
        ("sha256=abc", "/sha256"),
        ("name=" + "x" * 257, "/name"),
        ("delimiter=,&decimal=,", "/decimal"),
        ("format=npy&header=true", "/header"),
        ("delimeter=,", "/delimeter"),
        ("upload=up_1", "/upload"),
    ],
)
def test_wrong_value_is_refused_by_name_and_leaves_nothing(
    client: TestClient, settings: Settings, query: str, pointer: str
) -> None:
    for path in ("/v1/datasets", "/v1/datasets/preview"):
        found = problem(client.post(f"{path}?{query}", content="a,b\n1,2\n", headers=CSV), 422)
        assert [(e["location"], e["pointer"]) for e in found["errors"]] == [("query", pointer)]
    assert files_in(settings.data_dir) == []


def test_all_wrong_values_are_reported_together(client: TestClient) -> None:
    answer = client.post("/v1/datasets?delimiter=ab&quote=x", content="a\n1\n", headers=CSV)
    pointers = [error["pointer"] for error in problem(answer, 422)["errors"]]
    assert pointers == ["/delimiter", "/quote"]
