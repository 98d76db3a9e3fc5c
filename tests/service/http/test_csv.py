"""CSV output: RFC 4180, and safe from formula injection in a spreadsheet."""

import csv
import io

import pytest

from engine.metrics import Metric
from service.http.csv import as_csv, defuse, wants_csv
from service.serializers.jobs import losses_view
from service.serializers.losses_csv import losses_as_csv
from store.jobs.training.losses import LossPage, LossRecord


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "-", "=", "＝1+1", "＋1", "－1", "＠x"),
        *("\t=1", "\tx", "\rx", "\n=1", " =1", "  -x", "\u00a0=1"),
        *("\u3000＝1", "\u200b=1", "\ufeff=1"),
        *(" \t", "\0=1", "=cmd|' /C calc'!A0"),
    ],
)  # fmt: skip
def test_possible_formula_gets_an_apostrophe(text: str) -> None:
    assert defuse(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "a=b", "1-1", "a\tb", "'=1", "x\r\n=1", "é", "a@b.c"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defuse(text) == text


def test_names_of_columns_are_defused_too() -> None:
    assert as_csv(["=x", "y"], []) == "'=x,y\r\n"


def test_numbers_are_never_touched() -> None:
    assert as_csv(["x"], [[-1], [-0.5], [1e-300], [None]]) == 'x\r\n-1\r\n-0.5\r\n1e-300\r\n""\r\n'


def test_truth_values_are_written_as_json_does() -> None:
    assert as_csv(["x", "y"], [[True, None], [False, "a"]]) == "x,y\r\ntrue,\r\nfalse,a\r\n"


def test_whatever_is_written_reads_back() -> None:
    cells = ['say "hi"', "a,b", "two\nlines", "two\r\nlines", "", " padded ", "é"]
    text = as_csv(["x"] * len(cells), [cells])
    assert list(csv.reader(io.StringIO(text, newline="")))[1] == cells


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv", True),
        ("Text/CSV;q=0.9, text/plain", True),
        ("text/csv, application/json", False),
        ("text/csv;q=0.5, application/json", False),
        ("application/json;q=0, */*", True),
        ("*/*", False),
        ("", False),
    ],
)
def test_csv_is_returned_on_request(accept: str, wanted: bool) -> None:
    assert wants_csv(accept) is wanted


def test_losses_are_numbers_and_their_names_harmless() -> None:
    metrics: dict[str, Metric] = {"=evil": -1.0, "confusion_matrix": [[1.0]]}
    loss = LossRecord(0, -0.5, None, metrics, 0.1, 2.0, 0.5)
    assert losses_as_csv([loss]).splitlines() == [
        "epoch,loss,validation_loss,learning_rate,gradient_norm,seconds,'=evil",
        "0,-0.5,,0.1,2.0,0.5,-1.0",
    ]


def test_a_list_has_a_column_per_value_in_its_order() -> None:
    values: list[float | None] = [float(index) for index in range(11)]
    metrics: dict[str, Metric] = {"rmse_per_target": [None, *values[1:]], "mae": 0.5}
    header, line = losses_as_csv([LossRecord(0, 0.5, None, metrics, 0.1, None, 0.5)]).splitlines()
    names = ["mae", *(f"rmse_per_target.{index}" for index in range(11))]
    assert header.split(",")[6:] == names
    assert line.split(",")[6:] == ["0.5", "", *(str(value) for value in values[1:])]


def test_a_gradient_without_a_finite_length_is_null_and_an_empty_cell() -> None:
    layer = {"name": "output", "gradient_norm": None, "update_ratio": None, "dead_units": None}
    loss = LossRecord(0, 0.5, None, {}, 0.1, None, 0.5, [layer])
    assert losses_as_csv([loss]).splitlines()[1] == "0,0.5,,0.1,,0.5"
    page = LossPage((loss,), None, is_thinned=False)
    shown = losses_view(page).data[0].model_dump(mode="json")
    # Rows of earlier versions lack `saturated_units`.
    layers = [{**layer, "saturated_units": None}]
    assert (shown["gradient_norm"], shown["layers"]) == (None, layers)
