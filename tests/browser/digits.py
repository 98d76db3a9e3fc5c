"""Jobs on the digits of the examples, and parts of their view."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.api import Api, Json
from tests.browser.inside import explain

ANY_NUMBER = re.compile(r"\d")
CSV = Path(__file__).parents[2] / "examples" / "digits" / "digits.csv"
DENSE: Json = {"layers": [{"type": "dense", "units": 64}]}
CONVOLUTION: Json = {
    "layers": [
        {"type": "conv2d", "filters": 4, "padding": "same"},
        {"type": "max_pooling2d"},
        {"type": "flatten"},
    ]
}


def train_digits(api: Api, network: Json, **spec: Any) -> Json:
    """Train one epoch of 50 steps."""
    dataset = api.upload(CSV.read_text(encoding="utf-8"), name="digits.csv")
    return api.train(
        dataset, target="label", epochs=1, batch_size=32, network=network, seed=3, **spec
    )


def layer(api: Api, job: Json, name: str, **body: Any) -> Json:
    """A layer of an explanation."""
    found: list[Json] = explain(api, job, layers=[name], **body)["explanation"]["layers"]
    return found[0]


def said(page: Page, name: str) -> tuple[str, float]:
    """Text of the line below a map, and its value in full."""
    line = map_of(page, name).locator("xpath=following-sibling::p")
    expect(line).to_have_attribute("data-value", ANY_NUMBER)
    text, value = line.evaluate("line => [line.textContent, line.dataset.value]")
    return text, float(value)


def map_of(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def numbers(part: Locator) -> list[float]:
    """All numbers in a part of the page, in full."""
    found = part.evaluate(
        "part => [...part.querySelectorAll('[data-value]')].map(one => one.dataset.value)"
    )
    return [float(value) for value in found]


def width_of_content(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
