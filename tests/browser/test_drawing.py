"""The drawing: bounded, readable in narrow figures, by keyboard and for screen readers."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api
from tests.browser.drawings.host import answers_of_exercise, clock_of, draw
from tests.browser.windows import DARK, PHONE, Window

Json = dict[str, Any]
MAX_ELEMENTS = 2_000
# Parts of texts that overlap by less than this cannot be seen: line boxes are taller than ink.
SLACK = 3.0
OVERLAPS = """(slack) => {
  const texts = [...document.querySelectorAll('#drawn svg text')].filter((one) => one.textContent)
    .map((one) => ({ text: one.textContent, box: one.getBoundingClientRect() }));
  const cross = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack * 2;
  return texts.flatMap((one, i) => texts.slice(i + 1)
    .filter((other) => cross(one.box, other.box)).map((other) => `${one.text} on ${other.text}`));
}"""
OUTSIDE = """() => {
  const outside = [];
  for (const unit of document.querySelectorAll('#drawn svg [data-unit], #drawn svg .input')) {
    const box = unit.querySelector('.box').getBoundingClientRect();
    for (const text of unit.querySelectorAll('.value, .symbol')) {
      const { left, right } = text.getBoundingClientRect();
      if (left < box.left || right > box.right) outside.push(text.textContent);
    }
  }
  return outside;
}"""
# Numbers through whose middle the line of another edge runs, sampled at every pixel.
MISPLACED = """() => [...document.querySelectorAll('#drawn .plate-group')].flatMap((group) => {
  const { x, y, width, height } = group.querySelector('.plate').getBBox();
  const own = group.querySelector('.number');
  return [...document.querySelectorAll('#drawn path.edge[data-path]')]
    .filter((line) => line.dataset.path !== own.dataset.path)
    .filter((line) => Array.from({ length: line.getTotalLength() }, (_, at) => (
      line.getPointAtLength(at))).some((point) => point.x > x + 6 && point.x < x + width - 6
        && point.y > y + 5 && point.y < y + height - 5))
    .map((line) => `${own.textContent} on ${line.dataset.path}`);
})"""
WIDER = """() => document.querySelector('#drawn svg').getBoundingClientRect().width
  - document.querySelector('#drawn .drawing-scroll').clientWidth"""
COUNT = "() => document.querySelectorAll('#drawn svg, #drawn svg *').length"


def dense(units: int, activation: str = "tanh") -> Json:
    """A dense layer."""
    return {"type": "dense", "units": units, "activation": activation}


def network(*layers: Json, outputs: int = 3) -> Json:
    """A network for classes."""
    return {"layers": [*layers], "output": {"units": outputs, "activation": "softmax"}}


ROW = [0.5, -1.25, 2.0, 0.01]
BLOCK = {"type": "residual", "layers": [dense(4, "relu"), dense(4, "linear")]}
IMAGE: list[Json] = [
    {"type": "reshape", "shape": [6, 6, 1]},
    {"type": "conv2d", "filters": 2, "kernel_size": 3},
    {"type": "max_pooling2d"},
    {"type": "average_pooling2d"},
    {"type": "flatten"},
]
NETWORKS: dict[str, tuple[Json, list[float]]] = {
    "smallest": (network(dense(2), outputs=2), ROW[:2]),
    "small": (network(dense(3, "relu")), ROW[:2]),
    "two hidden layers": (network(dense(4), dense(3, "relu")), ROW),
    "residual": (network(dense(4), BLOCK), ROW),
    "elementwise": (
        network(
            dense(4, "linear"),
            {"type": "layer_normalization"},
            {"type": "activation", "activation": "relu"},
            {"type": "dropout", "rate": 0.5},
        ),
        ROW,
    ),
    "image": (network(*IMAGE), [0.1 * (n % 11) - 0.3 for n in range(36)]),
    "wide": (network(dense(128, "relu"), dense(64, "relu"), outputs=10), [0.01] * 784),
    "deep": (network(*[dense(6) for _ in range(60)]), ROW),
}


@pytest.fixture(scope="module")
def drawn_networks(api: Api) -> dict[str, Json]:
    """Answers to a step of one row of each network."""
    return {
        name: answers_of_exercise(api, spec, [row], [1]) for name, (spec, row) in NETWORKS.items()
    }


@pytest.mark.parametrize("width", [254, 846])
def test_drawing_is_bounded(page: Page, drawn_networks: dict[str, Json], width: int) -> None:
    for name, answers in drawn_networks.items():
        last = answers["row"]["layers"][-2]["name"]
        for clock in (clock_of("backward"), clock_of("update", layer=last, unit=1)):
            draw(page, answers, clock, width)
            assert page.evaluate(COUNT) <= MAX_ELEMENTS, name


@pytest.mark.parametrize("width", [254, 330, 846])
def test_no_text_touches_another(page: Page, drawn_networks: dict[str, Json], width: int) -> None:
    for name, answers in drawn_networks.items():
        first = answers["row"]["layers"][0]["name"]
        for phase in ("backward", "update"):
            draw(page, answers, clock_of(phase, layer=first, unit=1), width)
            assert page.evaluate(OVERLAPS, SLACK) == [], (name, phase)
            assert page.evaluate(OUTSIDE) == [], (name, phase)


# The figure of a window of 1,280 px.
@pytest.mark.parametrize("width", [806])
def test_usual_windows_have_room(page: Page, drawn_networks: dict[str, Json], width: int) -> None:
    clock = clock_of("forward", layer="layers.0", unit=1)
    draw(page, drawn_networks["small"], clock, width)
    expect(page.locator("#drawn path.function")).to_have_count(3)
    for name in ("small", "two hidden layers", "wide"):
        draw(page, drawn_networks[name], clock, width)
        assert page.evaluate(WIDER) <= 0, name
        assert page.evaluate(OVERLAPS, SLACK) == [], name
        assert page.evaluate(OUTSIDE) == [], name


def test_a_drawing_that_scrolls_says_so(page: Page, drawn_networks: dict[str, Json]) -> None:
    hint = "() => getComputedStyle(document.querySelector('#drawn .drawing'), '::before').content"
    box = page.locator("#drawn").get_by_role("group", name="Drawing", exact=True)
    draw(page, drawn_networks["elementwise"], clock_of("forward"), 700)
    expect(box).to_have_attribute("tabindex", "0")
    assert page.evaluate(WIDER) > 0
    assert "scroll" in page.evaluate(hint)
    assert_accessible(page)
    draw(page, drawn_networks["smallest"], clock_of("forward"), 700)
    expect(page.locator("#drawn svg")).to_be_visible()
    expect(box).to_have_count(0)
    assert page.evaluate(hint) == "none"


def test_no_number_lies_on_the_edge_of_another(page: Page, drawn_networks: dict[str, Json]) -> None:
    for unit in range(2):
        for phase in ("forward", "backward", "update"):
            clock = clock_of(phase, layer="layers.0", unit=unit)
            draw(page, drawn_networks["smallest"], clock)
            assert page.evaluate(MISPLACED) == [], (unit, phase)


def test_left_out_edges_and_units_are_counted(page: Page, drawn_networks: dict[str, Json]) -> None:
    units = drawn_networks["wide"]["row"]["layers"][1]["units"]
    unit = next(one for one in units if one["edges_share"])
    clock = clock_of("backward", layer="layers.1", unit=unit["unit"])
    draw(page, drawn_networks["wide"], clock)
    drawn = page.locator("#drawn")
    expect(drawn.get_by_text("8 of 64 units")).to_be_visible()
    expect(drawn.get_by_text("of 784 inputs")).to_be_visible()
    text = drawn.get_by_text("of 128 edges into a")
    expect(text).to_contain_text("drawn, those with the largest |∂L/∂w|")
    # Only 8 of the 12 largest lead to drawn units: the share is that of the 12.
    expect(text).not_to_contain_text("they hold")
    draw(page, drawn_networks["wide"], clock | {"layer": "layers.0"})
    unit = drawn_networks["wide"]["row"]["layers"][0]["units"][unit["unit"]]
    share = f"{100 * unit['edges_share']:.1f} %" if unit["edges_share"] else "drawn"
    expect(drawn.get_by_text("12 of 784 edges into a")).to_contain_text(share)
    draw(page, drawn_networks["deep"], clock_of("backward", layer="layers.30", unit=0))
    expect(drawn.get_by_text("28 layers")).to_be_attached()
    expect(drawn.get_by_role("group", name="Hidden 31 layer, 6 units")).to_be_visible()


def test_residual_block_is_drawn_with_an_arc(page: Page, drawn_networks: dict[str, Json]) -> None:
    draw(page, drawn_networks["residual"], clock_of("forward"), 1200)
    expect(page.locator("#drawn svg path.skip")).to_have_count(1)
    groups = (
        page.locator("#drawn")
        .get_by_role("group")
        .evaluate_all("(all) => all.map((one) => one.getAttribute('aria-label'))")
    )
    assert [name for name in groups if "layer" in name] == [
        "Hidden 1 layer, 4 units",
        "Hidden 2 layer, 4 units",
        "Hidden 3 layer, 4 units",
        "Residual sum layer, 4 units",
        "Output layer, 3 units",
    ]


def test_keys_reach_every_unit_in_the_order_of_the_table(
    page: Page, drawn_networks: dict[str, Json]
) -> None:
    draw(page, drawn_networks["two hidden layers"], clock_of("backward"))
    drawn = page.locator("#drawn")
    # One tab stop.
    assert drawn.locator("svg [tabindex='0']").count() == 1
    drawn.locator("svg [tabindex='0']").focus()
    names = []
    for layer, units in enumerate((4, 3, 3)):
        if layer:
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Home")
        for unit in range(units):
            if unit or not layer:
                page.keyboard.press("ArrowDown" if unit else "Home")
            focused = drawn.locator("svg :focus")
            expect(focused).to_have_attribute("aria-current", "true")
            names.append(focused.get_attribute("data-unit") or "")
    cells = page.get_by_role("region", name="Units at step").get_by_role("rowheader")
    assert len(names) == len(set(names)) == cells.count() == 10
    assert [name.rpartition(".")[0] for name in names] == sorted(
        name.rpartition(".")[0] for name in names
    )
    assert all(int(a[-1]) < int(b[-1]) for a, b in pairwise(names) if a[:-1] == b[:-1])
    page.keyboard.press("]")
    expect(drawn.get_by_text("Network 4-4-3-3, step 0, update")).to_be_attached()


def test_keys_reach_units_that_are_not_drawn(page: Page, drawn_networks: dict[str, Json]) -> None:
    draw(page, drawn_networks["wide"], clock_of("backward", layer="layers.0", unit=0))
    page.locator("#drawn svg [tabindex='0']").focus()
    for unit in range(1, 30):
        page.keyboard.press("ArrowDown")
        focused = page.locator("#drawn svg :focus")
        expect(focused).to_have_attribute("data-unit", f"layers.0.{unit}")


def test_clicking_selects_units_and_edges(page: Page, drawn_networks: dict[str, Json]) -> None:
    draw(page, drawn_networks["small"], clock_of("forward"))
    drawn = page.locator("#drawn")
    unit = drawn.get_by_label("Hidden unit 2 of 3")
    unit.click()
    expect(unit).to_have_attribute("aria-current", "true")
    number = drawn.locator("svg .number").first
    number.click()
    expect(drawn.locator("svg .plate-group.on")).to_have_count(1)


@pytest.mark.parametrize("window", [Window(), PHONE, DARK], ids=["light", "phone", "dark"])
def test_drawing_is_accessible(page: Page, drawn_networks: dict[str, Json], window: Window) -> None:
    width = min(846, window.width - 66)
    for name, phase in (("two hidden layers", "backward"), ("wide", "forward")):
        draw(page, drawn_networks[name], clock_of(phase, layer="layers.0", unit=1), width)
        assert_accessible(page)
