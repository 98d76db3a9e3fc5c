"""A model: a row is tried, a file predicted, the answer mapped, counted and downloaded."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import POINTS_CSV, Api, Json
from tests.browser.files import choose, csv_file, table_of
from tests.browser.guards import Guard
from tests.browser.windows import DARK, PHONE, Window

READ_CELLS = """(table) => [...table.tBodies[0].rows].map(
  (row) => [...row.cells].slice(1).map((cell) => cell.innerText.trim()))"""
READ_VALUES = "(node) => [...node.querySelectorAll('[data-value]')].map((one) => one.dataset.value)"
WIDER = "document.documentElement.scrollWidth > innerWidth"
HOSTILE = "<img src=x onerror=alert(1)>"
MIXED = table_of(
    [
        ("size", "color", "day", "weight", "kind"),
        *(
            (n % 11, "rgb"[n % 3], f"2024-0{n % 9 + 1}-11", n % 11 * 2 + n % 3, "ab"[n % 2])
            for n in range(60)
        ),
    ]
)


@pytest.fixture(scope="module")
def points(api: Api) -> Json:
    """A model of three classes of points, which has two columns."""
    return model_of(api, api.train(api.upload(POINTS_CSV, name="points.csv"), epochs=20))


def model_of(api: Api, job: Json) -> Json:
    assert job["status"] == "succeeded", job
    return api.get(f"/v1/models/{job['model_id']}")


def house_model(api: Api) -> Json:
    """A model of a number, of three columns."""
    table = table_of(
        [
            ("area", "rooms", "age", "price"),
            # Not ascending: a column that counts the rows is left out.
            *((n * 7 % 40, n % 5 + 1, n % 7, n * 7 % 40 * 1000 + 500) for n in range(80)),
        ]
    )
    spec: Json = {"target": "price", "validation": None}
    return model_of(api, api.train(api.upload(table), **spec))


def show(page: Page, model: Json) -> Locator:
    """Open a model; return its answer for a row."""
    page.goto(f"/#/models/{model['id']}")
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_be_visible()
    return answer


def predict(api: Api, model: Json, row: Json) -> Any:
    return api.post(f"/v1/models/{model['id']}/predict", {"rows": [row]})["data"][0]


def test_a_row_is_tried_with_the_keyboard(page: Page, api: Api, points: Json) -> None:
    answer = show(page, points)
    expect(page.get_by_label("row of the table")).to_have_value("0")
    expect(answer).to_contain_text("The table says: low")
    for probability in predict(api, points, {"x": 0, "y": 0})["probabilities"]:
        expect(answer).to_contain_text(f"{probability:.4f}")
    assert_accessible(page)
    slider = page.get_by_role("slider", name="x, slider")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    typed = float(page.get_by_role("textbox", name="x", exact=True).input_value())
    assert typed > 4
    found = predict(api, points, {"x": typed, "y": 0})
    for probability in found["probabilities"]:
        expect(answer).to_contain_text(f"{probability:.4f}")
    expect(answer.get_by_role("status")).to_have_text(str(found["label"]))
    expect(answer).not_to_contain_text("The table says")
    page.get_by_role("button", name="Next row").click()
    expect(answer).to_contain_text("The table says: middle")
    page.get_by_label("Withhold labels with a probability below").fill("1")
    page.keyboard.press("Tab")
    expect(answer).to_contain_text("Withheld")
    expect(page.get_by_text("blank: withheld")).to_be_visible()


def test_flags_and_errors_are_at_their_fields(page: Page, points: Json, guard: Guard) -> None:
    show(page, points)
    x = page.get_by_role("textbox", name="x", exact=True)
    x.fill("about 5")
    x.press("Tab")
    expect(x).to_have_accessible_description(re.compile("^Not understood as a number: replaced by"))
    expect(x).to_have_attribute("aria-invalid", "true")
    x.fill("-900")
    x.press("Tab")
    expect(x).to_have_accessible_description(re.compile("^Outside the training rows’ range"))
    x.fill("")
    x.press("Tab")
    expect(x).to_have_accessible_description(re.compile("^Missing: replaced by"))
    assert_accessible(page)
    guard.allow(422)
    refused = {
        "title": "Unprocessable Entity",
        "status": 422,
        "code": "invalid_rows",
        "errors": [{"pointer": "/rows/0/y", "code": "invalid", "detail": "is refused"}],
    }
    page.route("**/predict", lambda route: route.fulfill(status=422, json=refused))
    y = page.get_by_role("textbox", name="y", exact=True)
    y.fill("2")
    y.press("Tab")
    expect(y).to_have_accessible_description("is refused")
    expect(y).to_have_value("2")


def test_a_number_is_predicted_while_it_is_typed(page: Page, api: Api) -> None:
    model = house_model(api)
    answer = show(page, model)
    expect(page.get_by_label("row of the table")).to_have_value("0")
    area = page.get_by_role("textbox", name="area", exact=True)
    held: list[Route] = []
    page.route("**/predict", lambda route: held.append(route))  # noqa: PLW0108 - a built-in has no handler
    area.press("ControlOrMeta+a")
    area.press_sequentially("2.50")
    # The answer is that of the row before until the next one is there.
    expect(answer).to_have_attribute("aria-busy", "true")
    page.unroute("**/predict")
    for route in held:
        route.continue_()
    # Neither Enter nor another field.
    shown = answer.get_by_role("definition")
    found = predict(api, model, {"area": 2.5, "rooms": 1, "age": 0})
    expect(shown).to_have_attribute("data-value", str(found["value"]))
    expect(answer).to_have_attribute("aria-busy", "false")
    expect(area).to_be_focused()
    expect(area).to_have_value("2.50")
    area.press("Enter")
    expect(area).to_have_value("2.5")


@pytest.mark.parametrize(
    ("typed", "ends"), [("20", (0, 39)), ("60", (0, 60)), ("-30", (-30, 39)), ("1e39", (0, 39))]
)
def test_the_curve_reaches_the_row_or_says_that_it_does_not(
    page: Page, api: Api, typed: str, ends: tuple[float, float]
) -> None:
    model = house_model(api)
    show(page, model)
    expect(page.get_by_label("row of the table")).to_have_value("0")
    page.get_by_role("textbox", name="area", exact=True).fill(typed)
    figure = page.get_by_role("figure").filter(has_text="Answer while one column changes")
    figure.get_by_text("as a table").first.click()
    rows = figure.get_by_role("row")
    first, last = (rows.nth(1), rows.last)
    expect(first).to_contain_text(str(ends[0]).replace("-", "−"))
    figure.get_by_role("button", name="Next rows").click()
    expect(last.get_by_role("rowheader")).to_have_text(str(ends[1]))
    found = predict(api, model, {"area": ends[1], "rooms": 1, "age": 0})
    expect(last.locator("[data-value]")).to_have_attribute("data-value", str(found["value"]))
    is_outside = typed == "1e39"
    expect(figure.get_by_text("this row", exact=True)).to_have_count(0 if is_outside else 1)
    note = figure.get_by_text("This row is not in the chart: its area,")
    expect(note).to_have_count(1 if is_outside else 0)


def test_the_map_has_the_answers_of_the_service(page: Page, api: Api, points: Json) -> None:
    asked: list[Request] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request)
            if "predict" in request.url and "columns" in (request.post_data or "")
            else None
        ),
    )
    show(page, points)
    drawing = page.get_by_role(
        "img", name=re.compile("^Map of kind over x .* areas of high, low, middle$")
    )
    expect(drawing).to_be_visible()
    assert len(asked) == 1
    page.get_by_text("Show as a table").click()
    columns = json.loads(asked[0].post_data or "")["columns"]
    answers = api.post(f"/v1/models/{points['id']}/predict", {"columns": columns})["data"]
    width = len(set(columns["x"]))
    table = page.get_by_role("table", name=re.compile("^Answers over x"))
    drawn = table.evaluate(READ_CELLS)
    labels = [answer["label"] for answer in answers]
    lines = [labels[start : start + width] for start in range(0, len(labels), width)]
    assert drawn == [line[::6] for line in lines[::6]]


KINDS: dict[str, Json] = {
    "number": {"target": "weight"},
    "deviation": {"target": "weight", "features": ["size", "color"], "loss": {"type": "gaussian"}},
    "numbers": {"target": ["weight", "size"]},
    "labels": {"target": ["kind"], "features": ["size", "color"]},
    "reconstruction": {"target": None, "task": "reconstruction", "features": ["size", "color"]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_answers_of_every_kind(page: Page, api: Api, kind: str) -> None:
    spec = {name: value for name, value in KINDS[kind].items() if value is not None}
    body = {"dataset_id": api.upload(MIXED, name=f"{kind}.csv")["id"], "epochs": 2, **spec}
    model = model_of(api, api.wait_for_end(api.post("/v1/jobs", body)))
    answer = show(page, model)
    expect(page.get_by_label("row of the table")).to_have_value("0")
    row = {"size": 0, "color": "r", "day": "2024-01-11", "weight": 0, "kind": "a"}
    found = predict(api, model, row)
    numbers = {value for value in leaves(found) if isinstance(value, float)}
    shown = {float(text) for text in answer.evaluate(READ_VALUES) if is_number(text)}
    assert numbers & shown
    assert_accessible(page)


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?[\d.]+(e-?\d+)?", text) is not None


def test_a_file_is_predicted_and_downloaded(
    page: Page, api: Api, points: Json, guard: Guard
) -> None:
    show(page, points)
    choose(page, "Predict a file", csv_file("rows.csv", "x,y\n0,0\n4,3\n"))
    region = page.get_by_role("region", name="Predictions of a file")
    expect(region.get_by_text("2 of 2 predictions")).to_be_visible()
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    answer = api.client.post(
        f"/v1/models/{points['id']}/predict", content=b"x,y\n0,0\n4,3\n", headers=headers
    )
    with page.expect_download() as saved:
        region.get_by_role("button", name="Download the predictions").click()
    assert saved.value.suggested_filename == "rows-predictions.csv"
    assert saved.value.path().read_text() == answer.text.replace("\r\n", "\n")
    assert_accessible(page)
    guard.allow(422)
    choose(page, "Predict a file", csv_file("bad.csv", "x,y\n0,0\n1,2,3\n"))
    expect(region.get_by_role("alert")).to_contain_text("line 3")


def test_a_file_with_other_columns_is_refused_in_words(
    page: Page, points: Json, guard: Guard
) -> None:
    guard.allow(422)
    show(page, points)
    region = page.get_by_role("region", name="Predictions of a file")
    choose(page, "Predict a file", csv_file("other.csv", "p,q\n0,0\n"))
    expect(region.get_by_role("alert")).to_contain_text(
        "The table has none of the 2 columns that the model needs: x, y."
    )
    choose(page, "Predict a file", csv_file("part.csv", "x,q\n0,0\n"))
    expect(region.get_by_role("alert")).to_contain_text("lacks 1 of the 2 columns")
    assert_accessible(page)
    region.get_by_role("button", name="Fill missing columns").click()
    expect(region.get_by_text("1 of 1 predictions")).to_be_visible()


def test_weights_and_code_are_taken_away(page: Page, api: Api, points: Json) -> None:
    show(page, points)
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="safetensors").click()
    weights = api.client.get(f"/v1/models/{points['id']}/weights").content
    assert saved.value.path().read_bytes() == weights
    code = page.get_by_role("region", name="curl code")
    expect(code).to_contain_text(f"/v1/models/{points['id']}/predict")
    page.get_by_role("button", name="Copy the curl code").click()
    expect(page.get_by_text(re.compile("Copied|Select the text"))).to_be_visible()
    assert_accessible(page)


def test_a_model_is_evaluated_on_a_table(page: Page, api: Api, points: Json) -> None:
    show(page, points)
    region = page.get_by_role("region", name="Evaluation", exact=True)
    metrics = page.get_by_role("table", name="Metrics")
    drawn = [float(text) for text in metrics.evaluate(READ_VALUES)]
    known = {value for value in points["metrics"].values() if isinstance(value, float)}
    assert set(drawn) == known
    region.get_by_role("button", name="Evaluate").click()
    dataset = points["lineage"]["dataset_id"]
    rows = api.get(f"/v1/datasets/{dataset}/rows?limit=100")["data"]
    answers = api.post(f"/v1/models/{points['id']}/predict", {"rows": rows})["data"]
    right = sum(row["kind"] == answer["label"] for row, answer in zip(rows, answers, strict=True))
    expect(region).to_contain_text(f"{right} of {len(rows)} rows have the right class")
    expect(page.get_by_role("table", name="Confusion matrix of these rows")).to_be_visible()
    assert_accessible(page)


def test_names_and_classes_are_text_and_the_table_may_be_gone(
    page: Page, api: Api, guard: Guard
) -> None:
    guard.allow(404)
    rows = [(HOSTILE, "kind"), *((n % 4, f"{HOSTILE}{n % 2}") for n in range(30))]
    dataset = api.upload(table_of(rows), name=f"{HOSTILE}.csv")
    model = model_of(api, api.train(dataset, name=HOSTILE))
    api.client.delete(f"/v1/datasets/{dataset['id']}")
    answer = show(page, model)
    expect(page.get_by_role("heading", name=HOSTILE, exact=True)).to_be_visible()
    expect(page.get_by_text("The table was deleted")).to_be_visible()
    expect(page.get_by_role("slider", name=f"{HOSTILE}, slider")).to_be_visible()
    expect(answer).to_contain_text(f"{HOSTILE}1")
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("window", [PHONE, DARK])
def test_other_windows(page: Page, points: Json, window: Window) -> None:
    page.goto("/#/models")
    page.get_by_role("table", name="Models, newest first").wait_for()
    assert_accessible(page)
    assert not page.evaluate(WIDER)
    show(page, points)
    expect(page.get_by_role("img", name=re.compile("^Map of kind"))).to_be_visible()
    assert_accessible(page)
    assert not page.evaluate(WIDER)
