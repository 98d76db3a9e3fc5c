"""The Start view: backpropagation within one click, and the textbook's exercise."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.guards import Guard
from tests.browser.modules import Module
from tests.browser.windows import DARK, DESKTOP, PHONE, STILL, Window

RECORDED = Path(__file__).resolve().parents[2] / "service/static/recorded"
STEPS = (0, 5, 20, 40, 60, 80, 100, 150, 200, 399)
PHASE_MS = 1200
# The worked example of docs/explain.md: value, gradient and new value per quantity.
TEXTBOOK = {
    "x": ("0.5", "–", "–"),
    "w₁": ("0.4", "−0.00755707", "0.403779"),
    "z₁": ("0.200000", "−0.0151141", "–"),
    "h": ("0.549834", "−0.0610632", "–"),
    "w₂": ("0.6", "−0.0559577", "0.627979"),
    "z₂": ("0.329900", "−0.101772", "–"),
    "ŷ": ("0.581735", "−0.418265", "–"),
    "L": ("0.0874727", "1", "0.0858866"),
}


def recorded(step: int, part: str) -> Any:
    """A part of a recorded step: `batch`, or a row."""
    return json.loads((RECORDED / f"xor/step-{step:03}/{part}.json").read_text("utf-8"))


def drawing(page: Page, step: int, phase: str) -> Locator:
    """The drawing of a step in a phase."""
    return page.get_by_role("img", name=f"Network 2-2-1, step {step}, {phase}", exact=True)


def press(page: Page, name: str) -> None:
    """Press a button by its name."""
    page.get_by_role("button", name=name, exact=True).click()


def facts(page: Page) -> dict[str, str]:
    """The numbers of the selected unit by their symbols, in full."""
    panel = page.get_by_role("complementary", name="Selected unit")
    names = panel.get_by_role("term").all_inner_texts()
    values = panel.get_by_role("definition").evaluate_all("all => all.map(a => a.dataset.value)")
    return dict(zip(names, values, strict=True))


def number(text: str) -> float:
    """The number of a text with a typographic minus."""
    return float(text.replace("−", "-"))


def expect_update_is_read(page: Page) -> None:
    """Formulas of an update are of the batch, in a file of their own: playing waits for it."""
    panel = page.get_by_role("complementary", name="Selected unit")
    expect(panel.get_by_text("new w 1 1 of layer 1 equals")).to_be_visible()


def score(page: Page) -> dict[str, tuple[str, ...]]:
    """The exercise's table: value, gradient and new value per quantity."""
    table = page.get_by_role("table", name="Values, gradients and new values of the exercise")
    rows = {}
    for row in table.get_by_role("row").all()[1:]:
        name = row.get_by_role("rowheader").inner_text()
        cells = row.get_by_role("cell").all_inner_texts()
        rows[name] = tuple(cell.split("\n")[0] for cell in cells)
    return rows


def test_backpropagation_is_seen_within_one_click(page: Page) -> None:
    page.goto("/")
    expect(drawing(page, 20, "forward")).to_be_visible()
    assert facts(page)["δ"] == ""
    press(page, "Backward")
    expect(drawing(page, 20, "backward")).to_be_visible()
    unit = recorded(20, "row-1")["layers"][0]["units"][0]
    shown = facts(page)
    for name, field in [("z", "z"), ("a", "a"), ("∂L/∂a", "a_gradient"), ("δ", "delta")]:
        assert number(shown[name]) == unit[field]["rows"][0]
    panel = page.get_by_role("complementary", name="Selected unit")
    expect(panel.get_by_text("delta 1 of layer 1 equals")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("window", [DESKTOP, STILL])
def test_playing_steps_the_phases_and_then_the_steps(page: Page, window: Window) -> None:
    page.clock.install()
    page.goto("/")
    expect(drawing(page, 20, "forward")).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now()") + 10_000)
    press(page, "Play")
    for step, phase in [(20, "loss"), (20, "backward"), (20, "update"), (40, "forward")]:
        expect(drawing(page, step, phase)).to_be_visible()
        if phase == "update":
            expect_update_is_read(page)
        if window is STILL:
            assert page.evaluate("document.getAnimations().length") == 0
        page.clock.run_for(PHASE_MS)
    press(page, "Pause")
    expect(drawing(page, 40, "loss")).to_be_visible()
    page.clock.run_for(10 * PHASE_MS)
    expect(drawing(page, 40, "loss")).to_be_visible()


def test_playing_rests_after_the_last_step_and_begins_anew(page: Page) -> None:
    page.clock.install()
    page.goto("/#/start?step=399&phase=backward")
    expect(drawing(page, 399, "backward")).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now()") + 10_000)
    page.get_by_role("combobox", name="Speed").select_option("4×")
    press(page, "Play")
    expect(drawing(page, 399, "update")).to_be_visible()
    expect_update_is_read(page)
    page.clock.run_for(PHASE_MS // 4)
    press(page, "Play")
    expect(drawing(page, 0, "forward")).to_be_visible()


def test_steps_rows_and_the_batch(page: Page) -> None:
    page.goto("/#/start?step=150&phase=backward")
    press(page, "Next recorded step")
    expect(drawing(page, 200, "backward")).to_be_visible()
    press(page, "Previous recorded step")
    expect(drawing(page, 150, "backward")).to_be_visible()
    page.get_by_role("combobox", name="Row", exact=True).select_option("row 3: 1, 1 → 0")
    unit = recorded(150, "row-3")["layers"][0]["units"][0]
    page.wait_for_function(
        "value => document.querySelector('.facts')?.textContent.includes(value)",
        arg=f"{unit['z']['rows'][0]:.3g}".replace("-", "−"),
    )
    assert number(facts(page)["δ"]) == unit["delta"]["rows"][0]
    press(page, "Batch of 4")
    expect(page.get_by_role("heading", name="Which rows push")).to_be_visible()
    batch = recorded(150, "batch")["layers"][0]["units"][0]
    assert number(facts(page)["δ"]) == batch["delta"]["batch"]
    assert_accessible(page)
    press(page, "Update")
    expect(page.get_by_text("SGD, learning rate 0.5, t = 151.")).to_be_visible()


def test_an_edge_shows_the_chain_of_its_weight(page: Page) -> None:
    page.goto("/#/start?step=60&phase=backward")
    panel = page.get_by_role("complementary", name="Selected unit")
    panel.get_by_role("button", name="x₂ b").click()
    spoken = panel.get_by_role("paragraph").filter(has_text="with respect to w 2 1 of layer 1")
    expect(spoken).to_be_visible()
    panel.get_by_role("button", name="x₁ a").click()
    # The input of this row is 0: no gradient reaches the weight, and the service says why.
    expect(panel.get_by_text("Why is ∂L/∂w 0?")).to_be_visible()


def test_everything_works_by_keyboard(page: Page) -> None:
    page.goto("/")
    expect(drawing(page, 20, "forward")).to_be_visible()
    unit = page.get_by_label(re.compile("^Hidden unit 1 of 2"))
    while not unit.evaluate("unit => unit === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(re.compile("^Hidden unit 2 of 2"))).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label(re.compile("^Output unit"))).to_be_focused()
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(drawing(page, 20, "backward")).to_be_visible()
    page.keyboard.press(".")
    expect(drawing(page, 40, "backward")).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Batch of 4")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("t")
    expect(page.get_by_role("table", name="Units at step 40")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Selected unit")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label(re.compile("^Output unit"))).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_keys_that_are_pressed_before_they_are_loaded_act(page: Page) -> None:
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/diagram/figure/keys.js", hold)
    page.goto("/")
    page.get_by_label(re.compile("^Hidden unit 1 of 2")).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("]")
    expect(drawing(page, 20, "forward")).to_be_visible()
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_label(re.compile("^Hidden unit 2 of 2"))).to_be_focused()
    expect(drawing(page, 20, "loss")).to_be_visible()


def test_the_scrubber_stops_at_recorded_steps(page: Page) -> None:
    page.goto("/")
    slider = page.get_by_role("slider", name="Step")
    slider.focus()
    for key, step in [("ArrowRight", 40), ("PageUp", 399), ("Home", 0), ("ArrowRight", 5)]:
        page.keyboard.press(key)
        expect(drawing(page, step, "forward")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Step 5, loss 0\.\d{3}$"))
    track = slider.bounding_box()
    assert track is not None
    page.mouse.click(track["x"] + track["width"] * 0.52, track["y"] + track["height"] / 2)
    expect(drawing(page, 200, "forward")).to_be_visible()


def scroll_to_textbook(page: Page) -> None:
    """The section is loaded when it comes into sight."""
    page.get_by_role("heading", name="The textbook’s example").scroll_into_view_if_needed()


def test_the_textbook_is_there_to_the_digit(page: Page) -> None:
    page.goto("/")
    scroll_to_textbook(page)
    expect(page.get_by_role("rowheader", name="w₂")).to_be_visible()
    assert score(page) == TEXTBOOK


def test_numbers_of_the_exercise_are_changed_and_shared(page: Page) -> None:
    page.goto("/")
    scroll_to_textbook(page)
    press(page, "Change the numbers")
    page.get_by_role("textbox", name="w₁").fill("0,8")
    page.get_by_role("textbox", name="η").fill("0.1")
    # The first request that computes starts a process.
    expect(page.get_by_role("cell", name="0.598688")).to_be_visible(timeout=60_000)
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Hidden activation").select_option("tanh")
    # z = 0.4, h = tanh 0.4
    expect(page.get_by_role("cell", name="0.379949")).to_be_visible()
    page.goto("about:blank")
    page.go_back()
    expect(page.get_by_role("textbox", name="w₁")).to_have_value("0,8")
    expect(page.get_by_role("cell", name="0.379949")).to_be_visible()
    press(page, "Back to the textbook")
    expect(page.get_by_role("cell", name="0.549834")).to_be_visible()
    assert score(page) == TEXTBOOK


def test_bad_numbers_are_named_at_their_field(page: Page, guard: Guard) -> None:
    page.goto("/")
    scroll_to_textbook(page)
    press(page, "Change the numbers")
    field = page.get_by_role("textbox", name="x, input")
    field.fill("half")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_have_text("Enter a number, such as 0.5.")
    expect(field).to_have_value("half")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("0.5")
    rate = page.get_by_role("textbox", name="η")
    guard.allow(422)
    rate.fill("-1")
    page.keyboard.press("Tab")
    expect(rate).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page)


def test_an_address_with_faulty_fields_keeps_the_others(page: Page) -> None:
    page.goto("/#/start?w1=0.5&hidden=__proto__&output=%3Cimg%3E")
    # The first request that computes starts a process.
    cell = page.get_by_role("row", name=re.compile("^w₁")).get_by_role("cell").first
    expect(cell).to_contain_text("0.5", timeout=60_000)
    expect(page.get_by_role("textbox", name="w₁")).to_have_value("0.5")
    expect(page.get_by_text("one output, all sigmoid;")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(2)
    expect(page.get_by_text("keeps the earlier value of each marked field")).to_be_visible()
    page.get_by_role("combobox", name="Hidden activation").select_option("tanh")
    expect(page.get_by_text("one output, tanh, then sigmoid;")).to_be_visible()


@pytest.mark.parametrize(("asked", "drawn"), [("21", 20), ("-1", 20), ("9999", 399)])
def test_the_address_has_the_step_that_is_drawn(page: Page, asked: str, drawn: int) -> None:
    page.goto(f"/#/?step={asked}&phase=forward")
    expect(drawing(page, drawn, "forward")).to_be_visible()
    page.wait_for_url(re.compile(f"step={drawn}&"))


@pytest.mark.parametrize("window", [PHONE, DARK])
def test_every_phase_is_accessible_on_a_phone_and_in_the_dark(page: Page, window: Window) -> None:
    page.goto("/")
    expect(drawing(page, 20, "forward")).to_be_visible()
    scroll_to_textbook(page)
    press(page, "Change the numbers")
    for phase in ("Loss", "Backward", "Update"):
        press(page, phase)
        expect(drawing(page, 20, phase.lower())).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == window.width
    assert_accessible(page)


def test_formulas_keep_only_mathml(module: Callable[[str], Module]) -> None:
    hostile = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" id="page" tabindex="0">'
        '<mi href="javascript:x()" class="result">z</mi>text'
        '<script>x()</script><annotation-xml encoding="text/html"><mi>a</mi></annotation-xml>'
        '<img xmlns="http://www.w3.org/1999/xhtml" src="x"/>'
        '<mn>1<mglyph src="x"/></mn><maction><mi>b</mi></maction></math>'
    )
    formula = module("parts/formula.js").handle
    clean = formula.evaluate("(module, text) => module.mathElement(text).outerHTML", hostile)
    # An HTML element ends the formula.
    assert clean == '<math><mi class="result">z</mi></math>'
    for text in ("<b>x</b>", "x", "", "<svg><math><mi>x</mi></math></svg>"):
        assert formula.evaluate("(module, text) => module.mathElement(text)", text) is None


def test_the_loss_curve_keeps_peaks(module: Callable[[str], Module]) -> None:
    losses: list[dict[str, int | None]]
    losses = [{"step": step, "loss": 1 + (step == 7777) - (step == 5555)} for step in range(10_000)]
    losses[3] = {"step": 3, "loss": None}
    points = module("diagram/scrubber.js").call("curvePoints", losses, 9999)
    assert len(points) <= 500
    assert min(points, key=lambda point: point["y"])["step"] == 7777
    assert max(points, key=lambda point: point["y"])["step"] == 5555
    assert [point["step"] for point in points] == sorted(point["step"] for point in points)
    assert module("diagram/scrubber.js").call("curvePoints", [], 0) == []


def test_one_has_no_plural(module: Callable[[str], Module]) -> None:
    many = [module("core/numbers.js").call("many", number, "value") for number in (0, 1, 4096)]
    assert many == ["0 values", "1 value", "4,096 values"]


def test_the_loss_curve_begins_with_the_first_step(module: Callable[[str], Module]) -> None:
    losses: list[dict[str, int | None]]
    losses = [{"step": 5, "loss": 3}, {"step": 10, "loss": 1}]
    points = module("diagram/scrubber.js").call("curvePoints", losses, 14)
    assert [point["step"] for point in points] == [0, 5, 10]
    assert points[0]["x"] == 0
    assert points[0]["y"] == points[1]["y"]
    losses[0]["loss"] = None
    points = module("diagram/scrubber.js").call("curvePoints", losses, 14)
    assert [point["step"] for point in points] == [10]


def test_steps_of_a_training_and_of_a_recording(module: Callable[[str], Module]) -> None:
    steps = module("diagram/steps.js")
    training = {"steps": 100, "marks": [0, 50], "hasOnlyMarks": False}
    recording = {"steps": 100, "marks": [0, 50, 99], "hasOnlyMarks": True}
    assert steps.call("stepBy", training, 10, 1) == 11
    assert steps.call("stepBy", training, 95, 10) == 99
    assert steps.call("stepBy", recording, 10, 1) == 50
    assert steps.call("nearestStep", recording, 80) == 99
    after = {"phase": "update", "step": 10}
    assert steps.call("nextPosition", training, after) == {"phase": "forward", "step": 50}
    assert steps.call("nextPosition", training, {**after, "step": 99}) is None
    assert steps.call("nextPosition", recording, {**after, "phase": "loss"}) == {
        "phase": "backward"
    }
    assert steps.call("hasGaps", recording)
    assert not steps.call("hasGaps", training)


def test_held_keys_ask_for_the_first_and_the_last_position(
    module: Callable[[str], Module],
) -> None:
    made = module("diagram/figure/rest.js").handle.evaluate(
        """async ({ rested }) => {
          const made = [];
          let presses = 0;
          await new Promise((resolve) => {
            const asked = rested(() => { made.push(presses); if (presses === 60) resolve(); }, 20);
            while (presses < 60) { presses += 1; asked.call(); }
          });
          return made;
        }"""
    )
    assert made == [1, 60]
