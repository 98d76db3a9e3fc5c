"""The tour, walked by keyboard: every page draws numbers of the engine."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.inside import facts
from tests.browser.windows import DARK, PHONE

NAMES = [
    "Forward pass",
    "Loss",
    "Chain rule",
    "Update",
    "Learning rate",
    "Activation functions",
    "Batch and single example",
    "Regularization",
]
VALUES = """(one) => [...one.querySelectorAll('[data-value]')].map(
  (part) => Number(part.dataset.value))"""
NUMBERS = "(figure) => figure.querySelectorAll('[data-value]').length"


def diagram(page: Page) -> Locator:
    return page.get_by_role("figure", name="Diagram")


def expect_page(page: Page, index: int) -> None:
    expect(page.get_by_role("heading", name=NAMES[index], level=1)).to_be_visible()
    # The first explanation of a service starts the process that computes it.
    drawn = diagram(page).get_by_text("positive", exact=True)
    expect(drawn).to_be_visible(timeout=60_000)
    assert diagram(page).evaluate(NUMBERS) > 5


def test_the_eight_pages_by_keyboard(page: Page) -> None:
    page.goto("/#/tour")
    strip = page.get_by_role("navigation", name="Pages of the tour")
    for index, name in enumerate(NAMES):
        expect_page(page, index)
        current = strip.get_by_role("link", name=re.compile(name))
        expect(current).to_have_attribute("aria-current", "step")
        if index in {0, 4, 5, 7}:
            assert_accessible(page)
        if index + 1 < len(NAMES):
            page.get_by_role("button", name="Next", exact=True).press("Enter")
    page.get_by_role("button", name="Upload a table").press("Enter")
    page.wait_for_url(re.compile("#/datasets"))
    page.goto("/#/tour/3")
    expect(strip.get_by_role("link", name="completed")).to_have_count(len(NAMES))
    page.get_by_role("button", name="Back", exact=True).press("Enter")
    expect_page(page, 1)


def wait_for_value(page: Page, value: float) -> None:
    """Wait until the page shows a number of an answer."""
    page.wait_for_function(
        "(value) => [...document.querySelectorAll('[data-value]')].some("
        "(one) => Number(one.dataset.value) === value)",
        arg=value,
    )


def explained(page: Page, what: str) -> Any:
    """Return the answer that the page gets when the slider or choice is changed."""
    with page.expect_response(re.compile("/v1/explain")) as found:
        page.get_by_role("slider", name="Learning rate").press(what)
    return found.value.json()


def test_the_loss_after_the_step_is_that_of_the_answer(page: Page) -> None:
    page.goto("/#/tour/5")
    expect_page(page, 4)
    answer = explained(page, "End")
    text = page.get_by_role("status").filter(has_text="Loss of the batch")
    expect(text).to_contain_text("risen")
    values = text.evaluate(VALUES)
    assert values == [answer["loss"]["value"], answer["loss"]["after"]]
    assert values[1] > values[0]


@pytest.mark.parametrize("window", [PHONE, DARK])
def test_activation_and_penalty_are_those_of_the_answer(page: Page) -> None:
    page.goto("/#/tour/6")
    expect_page(page, 5)
    with page.expect_response(re.compile("/v1/explain")) as changed:
        page.get_by_label("Activation of the hidden layer").select_option("sigmoid")
    batch = changed.value.json()["layers"][0]["units"][0]
    row = page.get_by_role("table").filter(has_text="slope at z").get_by_role("row").nth(1)
    z, slope, delta = (batch[name]["rows"][1] for name in ("z", "slope", "delta"))
    wait_for_value(page, slope)
    # The numbers are those of the row that the figure names and draws: its loss alone is four times
    # its share of the batch's.
    shown = row.evaluate(VALUES)
    assert shown[:2] == [z, slope]
    assert shown[2] == pytest.approx(4 * delta)
    assert shown[2] == facts(page)["δ"]
    expect(page.get_by_role("caption").filter(has_text="Row")).to_have_text("Row 1")
    expect(page.get_by_role("combobox", name="Row", exact=True)).to_contain_text("row 1:")
    page.goto("/#/tour/8")
    expect_page(page, 7)
    with page.expect_response(re.compile("/v1/explain")) as found:
        page.get_by_role("button", name="0.1", exact=True).click()
    edge = found.value.json()["layers"][-1]["units"][0]["edges"][0]
    row = page.get_by_role("table").filter(has_text="of the penalty").get_by_role("row").nth(1)
    entry = edge["entry"]
    expected = [edge["weight"], entry["loss_gradient"], entry["l2_gradient"], entry["gradient"]]
    expect(page.get_by_role("button", name="0.1", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    wait_for_value(page, expected[2])
    assert row.evaluate(VALUES) == expected
    assert entry["l2_gradient"] == pytest.approx(2 * 0.1 * edge["weight"])
    assert_accessible(page)


def test_a_page_that_the_tour_does_not_have_is_said(page: Page) -> None:
    page.goto("/#/tour/9")
    expect_page(page, 0)
    expect(page.get_by_text("The tour has no page “9”.")).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    expect_page(page, 1)
    expect(page.get_by_text("The tour has no page")).to_be_hidden()
