"""Charts: axes, labels, lines of many points, and their reading by keyboard."""

import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api, Json
from tests.browser.modules import Module

EPOCHS = 100_000
Load = Callable[[str], Module]


@pytest.fixture(scope="module")
def trained(api: Api) -> Json:
    return api.train(name="charted", epochs=30)


def texts(axis: Json) -> list[str]:
    return [tick["text"] for tick in axis["ticks"]]


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([0.05, 2.03], {}, ["0", "0.5", "1", "1.5", "2"]),
        ([0.6, 0.99], {}, ["0.6", "0.7", "0.8", "0.9", "1"]),
        ([-1.5, 0.5], {}, ["−1.5", "−1", "−0.5", "0", "0.5"]),
        ([125_786, 125_786], {}, ["125,786"]),
        ([0, 0], {}, ["0"]),
        ([2e-6, 1e-7], {}, ["0", "5·10⁻⁷", "10⁻⁶", "1.5·10⁻⁶", "2·10⁻⁶"]),
        ([1e-6, 1, 0, -3], {"isLog": True}, ["10⁻⁶", "10⁻⁴", "0.01", "1"]),
        ([0.2, 3], {"isLog": True}, ["0.2", "0.5", "1", "2"]),
        ([0, -3], {"isLog": True}, ["−3", "−2", "−1", "0"]),
        ([0], {"isWhole": True, "isTight": True}, ["0"]),
        ([0, 2], {"isWhole": True, "isTight": True}, ["0", "1", "2"]),
    ],
)
def test_ticks(module: Load, values: list[float], options: Json, expected: list[str]) -> None:
    axis = module("parts/charts/axis.js").call("axisOf", values, options)
    assert texts(axis) == expected
    assert axis["lo"] < axis["hi"]


def test_labels_do_not_overlap_and_keep_their_order(module: Load) -> None:
    spread = module("parts/charts/labels.js")
    assert spread.call("spread", [10, 60], 15, 0, 100) == [10, 60]
    places = spread.call("spread", [99, 98, 97, 20, 100], 15, 0, 100)
    order = sorted(range(5), key=lambda index: places[index])
    assert order == [3, 2, 1, 0, 4]
    gaps = [places[b] - places[a] for a, b in pairwise(order)]
    assert min(gaps) >= 15
    assert (min(places), max(places)) == (20, 100)


def test_gaps_part_a_line(module: Load, page: Page) -> None:
    module("parts/charts/lines.js")
    found = page.evaluate(
        """async () => {
          const main = document.querySelector('script[type=module]');
          const { runs, thinned } = await import(new URL('parts/charts/lines.js', main.src).href);
          const points = Array.from({ length: 10_000 }, (_, x) => [x, x === 5_000 ? 99 : x % 7]);
          const kept = thinned(points, 100, ([x]) => Math.floor(x / 100));
          return {
            runs: runs([[0, 1], [1, null], [2, 3], [3, 4]], (x, y) => y !== null),
            kept: kept.length,
            peak: kept.some(([, y]) => y === 99),
            ends: [kept[0][0], kept.at(-1)[0]],
          };
        }"""
    )
    assert found["runs"] == [[[0, 1]], [[2, 3], [3, 4]]]
    assert found["kept"] <= 400
    assert found["peak"]
    assert found["ends"] == [0, 9_999]


def test_values_are_read_by_keyboard(page: Page, api: Api, trained: Json, module: Load) -> None:
    losses = api.get(trained["links"]["losses"])["data"]
    page.goto(f"/#/jobs/{trained['id']}")
    chart = page.get_by_role("img", name=re.compile(r"^Loss by epoch\."))
    expect(chart).to_have_accessible_name(re.compile("training: from .* validation: from"))
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    short = module("core/numbers.js")
    wanted = losses[1]
    reading = (
        f"epoch 1, training loss {short.call('short', wanted['loss'])}, "
        f"validation loss {short.call('short', wanted['validation_loss'])}"
    )
    expect(page.get_by_role("status").get_by_text(reading)).to_be_attached()
    page.get_by_role("button", name="Loss: logarithmic axis").click()
    expect(page.get_by_role("button", name="Loss: logarithmic axis")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="Dark theme").click()
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()
    assert_accessible(page)


def test_a_hundred_thousand_epochs_are_drawn(page: Page, trained: Json) -> None:
    def answer(route: Route) -> None:
        after = int(parse_qs(urlsplit(route.request.url).query)["after"][0])
        rows = range(after + 1, min(after + 10_001, EPOCHS))
        body = "".join(f"{n},{1 / (n + 1)},{2 / (n + 1)},0.1,,0\n" for n in rows)
        head = "epoch,loss,validation_loss,learning_rate,gradient_norm,seconds\n"
        following = {"Backpropd-Next": str(rows[-1])} if rows and rows[-1] < EPOCHS - 1 else {}
        route.fulfill(headers={"Content-Type": "text/csv", **following}, body=head + body)

    page.route("**/losses?*", answer)
    page.goto(f"/#/jobs/{trained['id']}")
    page.get_by_text("Loss as a table").click()
    expect(page.get_by_text("1 to 25 of 100,000 rows")).to_be_visible()
    expect(
        page.get_by_role("img", name=re.compile(r"training: from 1 to 1\.0·10⁻⁵"))
    ).to_be_visible()
    assert page.evaluate("document.querySelectorAll('canvas').length") >= 1


# A sweep of the learning rate as the service answers it, and marks as the page names them.
SWEPT = """async ({ width, loss, after, rate, other, losses }) => {
  const main = document.querySelector('script[type=module]');
  const load = (path) => import(new URL(path, main.src).href);
  const [{ lineChart }, { render }] = await Promise.all(
    ['parts/line_chart.js', 'core/dom.js'].map(load));
  const sheet = document.createElement('link');
  sheet.rel = 'stylesheet';
  sheet.href = new URL('styles/chart.css', main.src).href;
  const styled = new Promise((resolve) => { sheet.onload = resolve; });
  document.head.append(sheet);
  await styled;
  const host = document.createElement('div');
  host.id = 'charted';
  document.body.append(host);
  const rates = losses.map((_, index) => rate * 10 ** (index / 5 - 3));
  render(lineChart({
    label: 'Loss', width, height: 240, x: { label: 'rate', log: true }, y: {},
    series: [{ name: 'gradient descent', points: rates.map((one, at) => [one, losses[at]]) }],
    marks: [{ y: loss, name: 'before' }, { x: rate, y: after, name: 'as trained' },
      { x: rate * 10, y: other, name: 'what if', isOpen: true }],
  }), host);
  const notes = [...host.querySelectorAll('.note')].map((one) => [one.textContent, one.getBBox()]);
  const lines = [...host.querySelectorAll('.line')];
  // Marks nearer than a pixel touch; line boxes of texts are taller than their ink.
  const holds = ({ x, y, width: wide, height }, at) => at.x > x && at.x < x + wide
    && at.y > y + 3 && at.y < y + height - 3;
  const crossed = ({ x, y, width: wide, height }, { x: left, y: top, width: w, height: h }) => (
    Math.min(x + wide, left + w) - Math.max(x, left) > 0
    && Math.min(y + height, top + h) - Math.max(y, top) > 4);
  return {
    named: notes.map(([text]) => text).sort(),
    outside: notes.filter(([, box]) => box.x < 0 || box.x + box.width > width)
      .map(([text]) => text),
    overlaps: notes.flatMap(([text, box], index) => notes.slice(index + 1)
      .filter(([, other]) => crossed(box, other)).map(([other]) => `${text} on ${other}`)),
    struck: notes.filter(([, box]) => lines.some((line) => Array.from(
      { length: line.getTotalLength() }, (_, at) => line.getPointAtLength(at),
    ).some((point) => holds(box, point)))).map(([text]) => text),
  };
}"""


@pytest.mark.parametrize("width", [288, 560])
@pytest.mark.parametrize(
    ("loss", "after", "other", "losses"),
    [
        # The step changes little, its tenfold little more.
        (1.0, 0.999, 0.99, [1 - 0.001 * 1.4**n for n in range(16)]),
        # A step as trained where the curve falls steeply.
        (2.0, 1.1, 1.9, [2 / (1 + 1.26 ** (n - 15)) for n in range(22)]),
        # All losses are equal.
        (0.7, 0.7, 0.7, [0.7] * 20),
        # The lowest loss is that of the step.
        (1.0, 0.5, 0.98, [0.5 + 0.002 * (n - 15) ** 2 for n in range(31)]),
    ],
    ids=["little", "steep", "level", "valley"],
)
def test_names_of_marks_touch_neither_each_other_nor_a_line(
    page: Page, width: int, loss: float, after: float, other: float, losses: list[float]
) -> None:
    page.goto("/")
    page.get_by_role("main").wait_for()
    given = {"width": width, "loss": loss, "after": after, "other": other, "losses": losses}
    found = page.evaluate(SWEPT, {**given, "rate": 0.01})
    assert found["named"] == ["as trained", "before", "what if"]
    assert (found["outside"], found["overlaps"], found["struck"]) == ([], [], [])
