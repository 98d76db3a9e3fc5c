"""The panel beside the drawing: its numbers have room."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.api import Api, Json
from tests.browser.inside import open_job, panel
from tests.browser.windows import DESKTOP, PHONE, Window

HOUSES = Path(__file__).resolve().parents[2] / "examples/houses/houses.csv"
# Right end of each fact's number beyond the left end of what stands right of it.
COLLISIONS = """(panel) => {
  const boxes = [...panel.querySelectorAll('dd')].map((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getBoundingClientRect();
  });
  const edge = panel.querySelector('dl').getBoundingClientRect().right;
  return boxes.filter(({ right, top }, index) => {
    const next = boxes[index + 1];
    return right + 4 > (next && next.top === top ? next.left : edge);
  }).length;
}"""


@pytest.fixture(scope="module")
def diverged(api: Api) -> Json:
    """A job whose gradients are as large as 10²⁷ in step 1."""
    table = api.upload("x,price\n" + "".join(f"{n},{n * 5000}\n" for n in range(40)))
    return api.train(
        table,
        target="price",
        name="large",
        network={"layers": [{"type": "dense", "units": 64, "activation": "linear"}]},
        optimizer={"type": "sgd", "learning_rate": 1000},
        preprocessing={"target": "none", "numeric": "none"},
        validation=None,
    )


@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_large_numbers_do_not_touch(page: Page, window: Window, diverged: Json) -> None:
    open_job(page, diverged, step=1, phase="backward", layer="layers.0", unit=1, row=12)
    expect(panel(page).get_by_role("term").get_by_text("δ", exact=True)).to_be_visible()
    numbers = panel(page).get_by_role("definition").all_inner_texts()
    assert any(number.startswith("−") and "·10²" in number for number in numbers), numbers
    assert panel(page).evaluate(COLLISIONS) == 0
    assert page.evaluate("document.documentElement.scrollWidth") == window.width


def test_the_batch_is_in_sight_beside_each_row(page: Page, api: Api) -> None:
    table = api.upload(HOUSES.read_text("utf-8"), name="houses.csv")
    job = api.train(
        table, target="price", epochs=3, network={"layers": [{"type": "dense", "units": 5}]}
    )
    open_job(page, job, step=20, phase="backward", layer="layers.0", unit=0)
    box = panel(page).get_by_role("table", name=re.compile("came into this unit")).locator("..")
    expect(box).to_be_visible()
    assert box.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
    # One that is still too wide says that it scrolls.
    box.evaluate("(box) => { box.parentElement.style.width = '200px'; }")
    expect(box).to_have_attribute("tabindex", "0")
    hint = "(box) => getComputedStyle(box, '::before').content"
    assert "scroll" in box.evaluate(hint)
