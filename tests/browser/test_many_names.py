"""Networks of more inputs and classes than an answer describes by default: each has its name."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.api import Api, Json
from tests.browser.digits import layer
from tests.browser.inside import open_job
from tests.browser.windows import DESKTOP, PHONE, Window

COLUMNS, CLASSES = 600, 500


@pytest.fixture(scope="module")
def job(api: Api) -> Json:
    lines = [",".join([*(f"c{column}" for column in range(COLUMNS)), "kind"])]
    for row in range(2 * CLASSES):
        values = ",".join(f"{(row * 31 + column * 17) % 23}" for column in range(COLUMNS))
        lines.append(f"{values},class{row % CLASSES}")
    network: Json = {"layers": [{"type": "dense", "units": 8}]}
    return api.train(
        api.upload("\n".join(lines)),
        target="kind",
        validation=None,
        epochs=1,
        batch_size=32,
        network=network,
    )


def names(part: Locator) -> list[str]:
    """Names of the inputs, then of the units, of a drawing."""
    found = part.evaluate("part => [...part.querySelectorAll('title')].map(one => one.textContent)")
    return [str(one) for one in found]


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("mode", ["row", "batch"])
def test_inputs_and_classes_are_named(
    page: Page, api: Api, job: Json, mode: str, window: Window
) -> None:
    open_job(page, job, step=20, mode=mode, row=17, phase="backward")
    row: Json = {"rows": [17]} if mode == "row" else {}
    edges = layer(api, job, "layers.0", step=20, **row)["parameters"][0]["entries"]
    drawn = page.get_by_role("img", name=re.compile("^12 edges"))
    shown_inputs = sorted({edge["index"][0] for edge in edges})
    caption = drawn.get_by_text(f"{len(shown_inputs)} of {COLUMNS} inputs")
    expect(caption).to_be_visible()
    assert names(drawn)[: len(shown_inputs)] == [f"c{index}" for index in shown_inputs]
    assert lies_within(caption, page.get_by_role("region", name="A wide layer"), window)

    page.get_by_role("combobox", name="Layer", exact=True).select_option("output")
    edges = layer(api, job, "output", step=20, **row)["parameters"][0]["entries"]
    shown_units = sorted({edge["index"][1] for edge in edges})
    expect(drawn.get_by_text(f"{len(shown_units)} of {CLASSES} units")).to_be_visible()
    classes = sorted(f"class{index}" for index in range(CLASSES))
    assert names(drawn)[-len(shown_units) :] == [f"kind = {classes[unit]}" for unit in shown_units]


def lies_within(part: Locator, frame: Locator, window: Window) -> bool:
    inner, outer = part.bounding_box(), frame.bounding_box()
    assert inner is not None
    assert outer is not None
    return outer["x"] <= inner["x"] and inner["x"] + inner["width"] <= window.width
