"""New job: from a table to a posted job, as a form and as JSON."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api, Json
from tests.browser.guards import Guard
from tests.browser.windows import DARK, DESKTOP, PHONE, Window

HOSTILE = "<img src=x onerror=alert(1)>"
JOB_ADDRESS = re.compile(r"#/jobs/(job_[0-9a-f-]+)")


@pytest.fixture(scope="module")
def dataset(api: Api) -> Json:
    # The description of the API is made when it is first asked for.
    api.get("/openapi.json")
    return api.upload(name="points")


def open_form(page: Page, dataset: Json) -> None:
    page.goto(f"/#/new-job?dataset={dataset['id']}")
    expect(page.get_by_role("heading", name=f"New job on {dataset['name']}")).to_be_visible()
    expect(findings(page).get_by_role("status")).not_to_contain_text("Not checked")


def layer(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="JSON", exact=True)


def findings(page: Page) -> Locator:
    return page.get_by_role("region", name="Findings")


def request_of(page: Page) -> Json:
    found: Json = json.loads(editor(page).input_value())
    return found


@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_a_job_is_posted_as_it_is_written(page: Page, dataset: Json, api: Api) -> None:
    open_form(page, dataset)
    page.get_by_role("combobox", name="Target").select_option("kind, categorical, 3 values")
    page.get_by_role("textbox", name="Name", exact=True).fill("by hand")
    layer(page, "Layer 1: Dense").get_by_role("textbox", name="Units").fill("7")
    page.get_by_role("textbox", name="Epochs").fill("2")
    expect(layer(page, "Layer 1: Dense")).to_contain_text("21 parameters")
    expect(page.get_by_role("region", name="Size")).to_contain_text("2 epochs")
    assert request_of(page)["network"] == {"layers": [{"type": "dense", "units": 7}]}
    assert_accessible(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(JOB_ADDRESS)
    job_id = JOB_ADDRESS.search(page.url)
    assert job_id is not None
    job = api.get(f"/v1/jobs/{job_id.group(1)}")
    assert (job["name"], job["spec"]["epochs"]) == ("by hand", 2)
    assert job["spec"]["network"]["layers"][0]["units"] == 7


def test_an_error_is_at_its_field_and_start_moves_the_focus_there(
    page: Page, guard: Guard, dataset: Json
) -> None:
    guard.allow(422)
    open_form(page, dataset)
    page.get_by_role("button", name="Add a layer").press("Enter")
    page.get_by_role("button", name=re.compile("^Dropout")).press("Enter")
    rate = layer(page, "Layer 2: Dropout").get_by_role("textbox", name="Rate")
    expect(rate).to_be_focused()
    page.keyboard.type("1.2")
    expect(rate).to_have_attribute("aria-invalid", "true")
    expect(rate).to_have_accessible_description(re.compile("Must be less than 1"))
    expect(findings(page)).to_contain_text("1 error")
    expect(page.get_by_role("region", name="Size")).to_contain_text("last request without errors")
    assert_accessible(page)
    page.get_by_role("button", name="Start training").press("Enter")
    expect(rate).to_be_focused()
    page.get_by_role("button", name="Check before training").focus()
    findings(page).get_by_role("button", name="/network/layers/1/rate").press("Enter")
    expect(rate).to_be_focused()
    rate.fill("0.2")
    expect(rate).not_to_have_attribute("aria-invalid", "true")


def test_layers_are_added_moved_and_removed_by_keyboard(page: Page, dataset: Json) -> None:
    open_form(page, dataset)
    page.get_by_role("button", name="Add a layer").press("Enter")
    page.get_by_role("button", name=re.compile("^Layer normalization")).press("Enter")
    up = page.get_by_role("button", name="Move up: Layer 2: Layer normalization")
    up.press("Enter")
    moved = page.get_by_role("button", name="Move up: Layer 1: Layer normalization")
    expect(moved).to_be_focused()
    expect(page.get_by_text("Layer normalization is now layer 1 of 2.")).to_be_attached()
    units = layer(page, "Layer 2: Dense").get_by_role("textbox", name="Units")
    units.press("Alt+ArrowUp")
    expect(layer(page, "Layer 1: Dense").get_by_role("textbox", name="Units")).to_be_focused()
    page.get_by_role("button", name="Remove: Layer 1: Dense").press("Enter")
    expect(page.get_by_role("button", name="Remove: Layer 1: Layer normalization")).to_be_focused()
    page.get_by_role("button", name="Undo").press("Enter")
    assert [one["type"] for one in request_of(page)["network"]["layers"]] == [
        "dense",
        "layer_normalization",
    ]


def test_the_json_and_the_fields_follow_each_other(page: Page, guard: Guard, dataset: Json) -> None:
    guard.allow(422)
    open_form(page, dataset)
    epochs = page.get_by_role("textbox", name="Epochs")
    request = {**request_of(page), "epochs": 7, "surprise": [1]}
    editor(page).fill(json.dumps(request))
    expect(epochs).to_have_value("7")
    findings(page).get_by_role("button", name="/surprise").click()
    expect(editor(page)).to_be_focused()
    selected = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"
    assert editor(page).evaluate(selected) == '"surprise": [1]'
    del request["surprise"]
    broken = json.dumps(request, indent=1).replace('"epochs": 7', '"epochs" 8')
    editor(page).fill(broken)
    expect(editor(page)).to_have_accessible_description(
        re.compile("Line 4, column 11: a colon is expected")
    )
    expect(epochs).to_have_value("7")
    page.reload()
    expect(editor(page)).to_have_value(broken)
    epochs.fill("9")
    assert request_of(page)["epochs"] == 9
    page.get_by_role("button", name="Bring it back").click()
    expect(editor(page)).to_have_value(broken)


def test_fixes_presets_and_checks(page: Page, api: Api) -> None:
    rows = "".join(f"{n},{n % 2},{n % 3 > 1}\n" for n in range(60))
    open_form(page, api.upload(f"number,flag,{HOSTILE}\n{rows}", name="hostile"))
    target = page.get_by_role("combobox", name="Target")
    expect(target).to_have_value(HOSTILE)
    target.select_option("flag, numeric, 2 values")
    fix = findings(page).get_by_role("button", name="Set task to regression")
    fix.click()
    expect(page.get_by_label("Task")).to_contain_text("regression")
    assert request_of(page)["task"] == "regression"
    page.get_by_role("button", name="Undo").click()
    assert "task" not in request_of(page)
    page.get_by_role("button", name="Deep", exact=True).click()
    expect(layer(page, "Layer 4: Dense")).to_be_visible()
    page.get_by_role("button", name="Check before training").click()
    checks = page.get_by_role("region", name="Checks before training")
    expect(checks).to_contain_text("Learning rate range")
    assert_accessible(page)


def test_a_column_of_one_value_has_no_plural(page: Page, api: Api) -> None:
    rows = "".join(f"{n},same,{n % 2}\n" for n in range(40))
    open_form(page, api.upload(f"number,fixed,flag\n{rows}", name="fixed"))
    options = page.get_by_role("combobox", name="Target").get_by_role("option")
    expect(options.filter(has_text="fixed")).to_have_text("fixed, categorical, 1 value")
    expect(options.filter(has_text="flag")).to_have_text("flag, numeric, 2 values")


@pytest.mark.parametrize("window", [DARK, PHONE])
def test_every_group_is_accessible(page: Page, dataset: Json, window: Window) -> None:
    open_form(page, dataset)
    for name in ("Validation and test", "Stopping", "Inputs and preprocessing", "Regularization"):
        page.get_by_text(name, exact=True).click()
    page.get_by_label("Validation", exact=True).select_option("folds")
    expect(page.get_by_role("textbox", name="Folds")).to_have_value("5")
    page.get_by_role("checkbox", name="Early stopping").check()
    page.get_by_role("textbox", name="L2").last.fill("0.01")
    output = request_of(page)["network"]["output"]
    assert output == {"l2": 0.01}
    assert request_of(page)["validation"] == {"folds": 5}
    assert page.evaluate("document.documentElement.scrollWidth") <= window.width
    assert_accessible(page)


def test_a_job_is_started_from_another(page: Page, dataset: Json, api: Api) -> None:
    job = api.post_job(dataset, name="first", epochs=3)
    page.goto(f"/#/new-job?from={job['id']}")
    expect(page.get_by_role("textbox", name="Epochs")).to_have_value("3")
    request = request_of(page)
    assert (request["name"], request["seed"], request["batch_size"]) == ("first", 7, 10)
    assert request["network"]["layers"][0]["units"] == 3
    assert "dtype" not in request
    answer = api.post("/v1/jobs/validate", request)
    assert answer["spec"] == job["spec"]
