"""The view of one job: steps, phases, units and rows, by mouse and by keyboard."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import POINTS_CSV, Api, Json
from tests.browser.guards import Guard
from tests.browser.inside import (
    LINE,
    drawing,
    explain,
    facts,
    open_job,
    panel,
    press,
    unit,
    values,
)
from tests.browser.windows import DARK, PHONE, Window


def test_a_job_is_chosen_from_the_latest(page: Page, api: Api, job: Json) -> None:
    page.goto("/#/backpropagation")
    expect(page.get_by_role("heading", name="Look inside a training")).to_be_visible()
    expect(page.get_by_role("list", name="Latest jobs")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("list", name="Latest jobs").get_by_role(
        "link", name="points, 2-3-3"
    ).first.click()
    expect(page.get_by_role("heading", name="Inside points, 2-3-3")).to_be_visible()
    # The middle of 30 steps, and the hidden unit with the largest |δ| of the row's own loss.
    expect(drawing(page, 14)).to_be_visible()
    batch = explain(api, job, step=14)
    row = batch["rows"]["shown"][0]["number"]
    layers = explain(api, job, step=14, rows=[row])["explanation"]["layers"]
    sizes = [abs(one["delta"]["rows"][0]) for one in layers[0]["units"]]
    chosen = sizes.index(max(sizes))
    expect(panel(page)).to_contain_text(f"Hidden unit {chosen + 1}")
    expect(page.get_by_text(LINE)).to_be_visible()
    assert page.title() == "Inside points, 2-3-3 · backpropd"
    expect(page.get_by_role("link", name="Model", exact=True).last).to_have_attribute(
        "href", f"#/models/{job['model_id']}"
    )
    assert_accessible(page)


def test_everything_is_chosen_with_the_mouse_and_kept_in_the_address(
    page: Page, api: Api, job: Json
) -> None:
    open_job(page, job, step=20)
    expect(drawing(page, 20)).to_be_visible()
    press(page, "Step on")
    expect(drawing(page, 21)).to_be_visible()
    unit(page, "Hidden unit 1 of 3").click()
    expect(panel(page)).to_contain_text("Hidden unit 1")
    panel(page).get_by_role("button", name="x₂ y").click()
    row = explain(api, job, step=21)["rows"]["shown"][3]["number"]
    page.get_by_role("combobox", name="Row", exact=True).select_option(str(row))
    for phase in ("forward", "loss", "update", "backward"):
        press(page, phase.capitalize())
        expect(drawing(page, 21, phase)).to_be_visible()
    expected = explain(api, job, step=21, rows=[row])["explanation"]["layers"][0]["units"][0]
    expect(panel(page)).to_contain_text("Hidden unit 1")
    shown = facts(page)
    for name, field in {"z": "z", "a": "a", "∂L/∂a": "a_gradient", "δ": "delta"}.items():
        assert shown[name] == expected[field]["rows"][0]
    for part in ("step=21", "phase=backward", "layer=layers.0", "unit=0", "edge=1", f"row={row}"):
        assert part in page.url
    expect(panel(page)).to_contain_text("Copy LaTeX")
    before = page.url, panel(page).inner_text()
    page.reload()
    expect(panel(page)).to_contain_text("Copy LaTeX")
    expect(page.get_by_role("button", name="x₂ y")).to_have_attribute("aria-pressed", "true")
    assert (page.url, panel(page).inner_text()) == before
    press(page, "Batch of 10")
    expect(page.get_by_text("Which rows push")).to_be_visible()
    batch = explain(api, job, step=21)["explanation"]["layers"][0]["units"][0]
    assert facts(page)["δ"] == batch["delta"]["batch"]
    assert_accessible(page)


def test_steps_are_entries_of_the_history(page: Page, job: Json) -> None:
    open_job(page, job, step=3, layer="output", unit=0)
    expect(drawing(page, 3)).to_be_visible()
    # Choices that follow each other at once are one entry.
    page.get_by_role("button", name="Step on").evaluate("one => { one.click(); one.click(); }")
    expect(drawing(page, 5)).to_be_visible()
    page.go_back()
    expect(drawing(page, 3)).to_be_visible()
    page.go_forward()
    expect(drawing(page, 5)).to_be_visible()
    page.get_by_role("slider", name="Step").fill("17")
    expect(drawing(page, 17)).to_be_visible()


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"layer": "layers.0", "unit": 999}, "there is no unit 999"),
        ({"layer": "nonsense", "unit": 0}, "no layer “nonsense”"),
        ({"layer": "layers.0", "unit": 1, "edge": 99}, "Edge “99” of the address does not lead"),
    ],
)
def test_an_unknown_selection_of_the_address_is_named(
    page: Page, guard: Guard, job: Json, selection: Json, words: str
) -> None:
    guard.allow(422)
    open_job(page, job, step=3, **selection)
    expect(panel(page)).to_contain_text(words)


def test_the_keyboard_is_enough(page: Page, job: Json) -> None:
    open_job(page, job, step=10, layer="layers.0", unit=1)
    expect(panel(page)).to_contain_text("Hidden unit 2")
    unit(page, "Hidden unit 2 of 3").focus()
    page.keyboard.press("ArrowUp")
    expect(panel(page)).to_contain_text("Hidden unit 1")
    page.keyboard.press("ArrowRight")
    expect(panel(page)).to_contain_text("1 of 3, softmax")
    page.keyboard.press("]")
    expect(drawing(page, 10, "update")).to_be_visible()
    page.keyboard.press("[")
    page.keyboard.press(".")
    expect(drawing(page, 11)).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Batch of 10")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("g")
    expect(page.get_by_text("Gradient check passed: 21 of 21, largest error")).to_be_visible()


def test_numbers_are_those_of_a_separate_calculation(page: Page, api: Api, job: Json) -> None:
    # Without held-out rows, the weights after 24 steps are those of a training of 4 epochs.
    start = api.train(epochs=4, validation=None)
    arrays = api.get(f"{start['links']['weights']}?format=json")
    names = ("layers.0.weight", "layers.0.bias", "output.weight", "output.bias")
    w1, b1, w2, b2 = (
        np.array(arrays[name]["values"]).reshape(arrays[name]["shape"]) for name in names
    )
    lines = [line.split(",") for line in POINTS_CSV.splitlines()[1:]]
    points = np.array([[float(x), float(y)] for x, y, _ in lines])
    x = (points[7] - points.mean(0)) / points.std(0)
    target = np.array([lines[7][2] == kind for kind in job["classes"]], dtype=float)
    z = x @ w1 + b1
    a = np.maximum(z, 0)
    scores = a @ w2 + b2
    p = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    delta2 = p - target
    a_gradient = w2 @ delta2
    delta1 = a_gradient * (z > 0)

    def close(expected: Any) -> Any:
        return pytest.approx(expected, rel=1e-4, abs=1e-6)

    open_job(page, job, step=24, row=7, layer="layers.0", unit=0)
    expect(drawing(page, 24)).to_be_visible()
    expect(panel(page)).to_contain_text("Hidden unit 1")
    shown = facts(page)
    for name, value in {"z": z[0], "a": a[0], "∂L/∂a": a_gradient[0], "δ": delta1[0]}.items():
        assert shown[name] == close(value)

    for index in range(3):
        found = values(page, f"Hidden unit {index + 1} of 3")[:2]
        assert found == close([delta1[index], a_gradient[index]])
        found = values(page, f"Output unit {index + 1} of 3")[:1]
        assert found == close([delta2[index]])
    assert values(page, "loss")[0] == pytest.approx(-np.log(p @ target), rel=1e-4)


@pytest.mark.parametrize("window", [PHONE, DARK])
def test_small_and_dark_windows(page: Page, window: Window, job: Json) -> None:
    open_job(page, job, step=14, layer="layers.0", unit=0)
    expect(panel(page)).to_contain_text("Hidden unit 1")
    expect(page.get_by_text("Gradient check passed")).to_be_visible()
    page.get_by_role("region", name="this step had been another").scroll_into_view_if_needed()
    expect(page.get_by_role("img", name=re.compile("^Loss of the batch after"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= window.width
    assert_accessible(page)
