"""Files of a step: what they hold, and that they stand alone."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import POINTS_CSV, Api, Json
from tests.browser.digits import numbers
from tests.browser.inside import drawing, explain, open_job, save
from tests.browser.modules import load_module

NAMES = '<b>&"x"', "=1+1"
LOAD = """async (text) => {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  await image.decode();
  return image.naturalWidth;
}"""


@pytest.fixture(scope="module")
def job(api: Api) -> Json:
    first, second = (name.replace('"', '""') for name in NAMES)
    table = POINTS_CSV.replace("x,y,kind", f'"{first}","{second}",kind')
    return api.train(api.upload(table), name="hostile, 2-3-3", validation=None)


def test_every_file_holds_what_is_drawn(page: Page, api: Api, job: Json, tmp_path: Path) -> None:
    open_job(page, job, step=12, phase="backward", mode="batch", layer="layers.0", unit=1)
    shown = drawing(page, 12)
    expect(shown).to_be_visible()
    expect(page.get_by_role("complementary").get_by_role("math").first).to_be_visible()
    page.get_by_text("Export", exact=True).click()
    assert_accessible(page)
    page.keyboard.press("Escape")

    picture = save(page, "SVG", tmp_path)
    assert picture.name == "hostile-2-3-3-step-12-backward.svg"
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert not re.search(r"\bclass=|\sstyle=|url\(|href|<!--", text)
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}
    words = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(word.startswith("<b>") for word in words)
    assert page.evaluate(LOAD, text) == float(root.attrib["width"])

    drawn = save(page, "PNG", tmp_path).read_bytes()
    assert drawn[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(drawn[16:20], "big") == 2 * float(root.attrib["width"])

    answers = json.loads(save(page, "JSON", tmp_path).read_text(encoding="utf-8"))
    expected = explain(api, job, step=12)["explanation"]
    assert answers["batch"]["loss"] == {**expected["loss"], "formulas": []}

    rows = list(csv.DictReader(io.StringIO(save(page, "CSV", tmp_path).read_text("utf-8"))))
    inputs = [row["name"] for row in rows if row["kind"] == "input"]
    assert inputs == [NAMES[0], f"'{NAMES[1]}"]
    deltas = [float(row["value"]) for row in rows if row["quantity"] == "delta"]
    layers = expected["layers"]
    assert deltas == [unit["delta"]["batch"] for one in layers for unit in one["units"]]
    assert set(numbers(shown)) <= {float(row["value"]) for row in rows}

    latex = save(page, "LaTeX", tmp_path).read_text(encoding="utf-8")
    assert latex.count("\\begin{aligned}") == latex.count("\\[") > 3


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("<img>", "<img>"),
        ("=1+1", '"\'=1+1"'),
        ("-x", '"\'-x"'),
        (-0.1, "-0.1"),
        (5e-324, "5e-324"),
        (1 / 3, "0.3333333333333333"),
        (None, ""),
    ],
)
def test_cells_are_escaped(page: Page, value: str | float | None, cell: str) -> None:
    page.goto("/")
    assert load_module(page, "diagram/export/csv.js").call("csvCell", value) == cell
