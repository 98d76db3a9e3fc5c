"""Wide layers and convolutions: what is drawn, what is counted, every cell that can be read."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api, Json
from tests.browser.digits import (
    CONVOLUTION,
    DENSE,
    layer,
    map_of,
    numbers,
    said,
    train_digits,
    width_of_content,
)
from tests.browser.inside import open_job, panel
from tests.browser.modules import Module
from tests.browser.windows import DARK, PHONE, Window

STEP, ROW, INPUTS, UNITS = 20, 17, 64, 64
GRADIENTS = "All 4,096 gradients"
POSITION = {"step": STEP, "row": ROW, "mode": "row"}


@pytest.fixture(scope="module")
def job(api: Api) -> Json:
    return train_digits(api, DENSE, name="digits, 64 units")


@pytest.fixture(scope="module")
def convolution(api: Api) -> Json:
    return train_digits(api, CONVOLUTION, name="digits, convolution", input_shape=[8, 8, 1])


def gradients(api: Api, job: Json) -> list[list[float]]:
    """The gradients of the row, by input and unit."""
    found = layer(api, job, "layers.0", step=STEP, rows=[ROW], matrices=["layers.0.weight"])
    flat = found["parameters"][0]["gradients"]
    return [flat[first : first + UNITS] for first in range(0, len(flat), UNITS)]


def test_the_edges_that_are_drawn_are_counted_and_hold_what_the_sentence_says(
    page: Page, api: Api, job: Json
) -> None:
    open_job(page, job, phase="backward", **POSITION)
    section = page.get_by_role("region", name="A wide layer")
    found = layer(api, job, "layers.0", step=STEP, rows=[ROW])
    weight = found["parameters"][0]
    expect(section).to_contain_text("12 of 4,096 edges drawn, those with the largest |∂L/∂w|")
    expect(section).to_contain_text(f"they hold {100 * weight['entries_share']:.1f} %")
    expect(section).to_contain_text(f"{found['silent_units']} of 64 units are off for this row")
    drawn = section.get_by_role("img", name=re.compile("^12 edges"))
    edges = [entry["loss_gradient"] for entry in weight["entries"]]
    # The numbers of the units come with the map.
    expect(map_of(page, GRADIENTS)).to_be_visible()
    shown = numbers(drawn)
    assert sorted(shown[:12]) == sorted(edges)
    units = sorted({entry["index"][1] for entry in weight["entries"]})
    explained = layer(api, job, "layers.0", step=STEP, rows=[ROW], units={"layers.0": units})
    assert shown[12:] == [unit["delta"]["rows"][0] for unit in explained["units"]]


def test_a_step_without_finite_gradients_is_not_called_frozen(page: Page, api: Api) -> None:
    table = api.upload("x,price\n" + "".join(f"{n},{n * 5000}\n" for n in range(40)))
    job = api.train(
        table,
        target="price",
        name="diverges",
        network={"layers": [{"type": "dense", "units": 64, "activation": "linear"}]},
        optimizer={"type": "sgd", "learning_rate": 1000},
        preprocessing={"target": "none", "numeric": "none"},
        validation=None,
    )
    assert job["status_reason"] == "diverged"
    open_job(page, job, phase="backward", step=1, mode="batch", layer="layers.0", unit=0)
    section = page.get_by_role("region", name="A wide layer")
    expect(section).to_contain_text("The gradients of this step are not finite.")
    expect(section).not_to_contain_text("frozen")
    # Dots stand for exactly 0.
    edges = section.get_by_role("img", name=re.compile("^12 edges")).locator(".fan-edge")
    expect(edges).to_have_count(12)
    dashes = "all => all.map((edge) => getComputedStyle(edge).strokeDasharray)"
    assert set(edges.evaluate_all(dashes)) == {"none"}
    expect(panel(page)).to_contain_text(
        "The loss of this batch is not finite in float32: there is no gradient of it."
    )
    expect(page.get_by_text("The loss of the batch is not finite", exact=True)).to_be_visible()
    # Float64 reaches further than the training did: its verdict is not that of the step.
    badge = page.get_by_text("Step not finite in float32; gradient of float64 passed: 193 of 193")
    badge.click()
    expect(page.get_by_text("the training has no gradients of it")).to_be_visible()
    assert "good" not in (badge.locator("..").get_attribute("class") or "")
    page.get_by_role("button", name="Update", exact=True).click()
    expect(panel(page)).to_contain_text("the step has no gradients, and changes no weight.")


def test_every_cell_of_the_map_can_be_read_and_is_the_gradient(
    page: Page, api: Api, job: Json
) -> None:
    open_job(page, job, phase="backward", **POSITION)
    expected = gradients(api, job)
    field = map_of(page, GRADIENTS)
    field.focus()
    keys = "Home", *("ArrowRight",) * 5, *("ArrowDown",) * 3, "ArrowLeft", "ArrowUp", "End"
    for key in keys:
        field.press(key)
    text, value = said(page, GRADIENTS)
    assert text.startswith("pixel_7_7 to a")
    box = field.bounding_box()
    assert box is not None
    for column, line in ((0, 0), (38, 35), (63, 63), (20, 41)):
        field.hover(
            position={
                "x": (column + 0.5) * box["width"] / INPUTS,
                "y": (line + 0.5) * box["height"] / UNITS,
            }
        )
        expect(page.get_by_text(f"pixel_{column // 8}_{column % 8} to a")).to_be_visible()
        text, value = said(page, GRADIENTS)
        assert value == expected[column][line], (column, line, text)
    section = page.get_by_role("region", name="A wide layer")
    section.get_by_text("Show as a table").click()
    section.get_by_role("button", name="Next rows").click()
    table = section.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(26)
    assert numbers(table) == [expected[column][0] for column in range(25, 50)]
    assert_accessible(page)


def test_a_cell_selects_its_unit_and_edge_by_key_and_by_mouse(
    page: Page, api: Api, job: Json
) -> None:
    open_job(page, job, phase="forward", layer="layers.0", unit=0, **POSITION)
    field = map_of(page, "All 4,096 weights")
    field.focus()
    for key in ("Home", *("ArrowRight",) * 12, *("ArrowDown",) * 4, "Enter"):
        field.press(key)
    panel = page.get_by_role("complementary", name="Selected unit")
    expect(panel).to_contain_text("Hidden unit 5")
    assert all(part in page.url for part in ("layer=layers.0", "unit=4", "edge=12"))
    box = field.bounding_box()
    assert box is not None
    field.click(position={"x": box["width"] - 4, "y": box["height"] - 4})
    expect(panel).to_contain_text("Hidden unit 64")
    assert all(part in page.url for part in ("unit=63", "edge=63"))


def test_the_map_shows_what_the_phase_changes(page: Page, api: Api, job: Json) -> None:
    open_job(page, job, step=STEP, phase="update", mode="batch")
    name = "All 640 changes"
    page.get_by_role("combobox", name="Layer", exact=True).select_option(
        label="Output · 10 softmax"
    )
    found = layer(api, job, "output", step=STEP, matrices=["output.weight"])["parameters"][0]
    map_of(page, name).press("Home")
    assert said(page, name)[1] == found["changes"][0]
    limit = max(map(abs, found["changes"]))
    expect(page.get_by_text("square-root scale to ±")).to_contain_text(f"{limit:.3g}"[:4])


def test_a_product_of_the_window_is_a_part_of_z(page: Page, api: Api, convolution: Json) -> None:
    open_job(page, convolution, phase="forward", layer="layers.1", unit=145, **POSITION)
    section = page.get_by_role("region", name="A layer of images")
    products = section.get_by_role("table", name=re.compile("products"))
    found = layer(api, convolution, "layers.1", step=STEP, rows=[ROW], units={"layers.1": [145]})
    unit = found["units"][0]
    expect(section.get_by_role("heading", name="Row 5, column 5")).to_be_visible()
    z, bias = unit["z"]["rows"][0], unit["bias"]["before"]
    assert sum(numbers(products)) + bias == pytest.approx(z, rel=1e-5, abs=1e-6)
    kernel = numbers(section.get_by_role("table", name=re.compile("kernel")))
    inputs = numbers(section.get_by_role("table", name=re.compile("input")))
    assert numbers(products) == pytest.approx(np.multiply(kernel, inputs).tolist(), rel=1e-5)
    output = map_of(page, "Output, z of channel 2 of 4")
    output.focus()
    for key in ("Home", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "Enter"):
        output.press(key)
    # At the corner, five of nine inputs are padding.
    expect(section.get_by_role("heading", name="Row 1, column 1")).to_be_visible()
    expect(section.get_by_title("padding").first).to_be_visible()
    corner = layer(api, convolution, "layers.1", step=STEP, rows=[ROW], units={"layers.1": [1]})
    z, bias = corner["units"][0]["z"]["rows"][0], corner["units"][0]["bias"]["before"]
    expect(products.get_by_title("padding")).to_have_count(5)
    assert sum(numbers(products)) + bias == pytest.approx(z, rel=1e-5, abs=1e-6)
    assert said(page, "Output, z of channel 2 of 4")[1] == z
    assert_accessible(page)


@pytest.mark.parametrize("window", [PHONE, DARK], ids=["phone", "dark"])
def test_sections_fit_into_every_window(
    page: Page, window: Window, job: Json, convolution: Json
) -> None:
    for one, layer_name, name in (
        (job, "layers.0", GRADIENTS),
        (convolution, "layers.1", "Output, δ of channel 1 of 4"),
    ):
        open_job(page, one, phase="backward", layer=layer_name, unit=0, **POSITION)
        expect(map_of(page, name)).to_be_visible()
        assert width_of_content(page) <= window.width
        assert_accessible(page)


@pytest.mark.parametrize(("inputs", "units"), [(64, 64), (784, 128), (3, 9000), (1000, 10)])
def test_blocks_hold_every_weight_once(
    module: Callable[[str], Module], inputs: int, units: int
) -> None:
    blocks = module("diagram/wide/blocks.js")
    found = blocks.call("blocksOf", inputs, units)
    seen = np.zeros((inputs, units), int)
    for block in found:
        columns = slice(block["firstInput"], block["firstInput"] + block["inputs"])
        lines = slice(block["firstUnit"], block["firstUnit"] + block["units"])
        seen[columns, lines] += 1
        first = blocks.call("firstValue", block, inputs, units)
        last = (columns.stop - 1) * units + lines.stop - 1
        assert first <= columns.start * units
        assert last - first < 32_768
    assert (seen == 1).all()


def test_names_of_pixels_form_an_image(module: Callable[[str], Module]) -> None:
    images = module("diagram/wide/image.js")
    names = [f"pixel_{line}_{column}" for line in range(3) for column in range(4)]
    assert images.call("imageOfNames", names, 12) == {"lines": 3, "columns": 4, "channels": 1}
    for wrong in (
        names[::-1],
        [*names[:11], "pixel_9_9"],
        names[:11],
        [f"x{n}" for n in range(12)],
    ):
        assert images.call("imageOfNames", wrong, 12) is None
