"""The view of one job, as a person finds its parts."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.api import Api, Json

SHAPE = "Network 2-3-3"
WIDE: Json = {"layers": [{"type": "dense", "units": 400}, {"type": "dense", "units": 400}]}
WIDE_SHAPE = "Network 2-400-400-3"
LINE = re.compile(r"Every number has the bits of the training\. (Replayed|Read) .* in .*s\.")


def train_small(api: Api) -> Json:
    """A trained job of 30 steps, on all rows of the points, whose steps can be read at once."""
    job = api.train(name="points, 2-3-3", validation=None)
    explain(api, job, step=0)
    return job


def open_job(page: Page, job: Json, **parameters: object) -> None:
    """Open the view of a job at a position of the clock."""
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    page.goto(f"/#/backpropagation/{job['id']}{f'?{query}' if query else ''}")


def drawing(page: Page, step: int | str, phase: str = "backward", shape: str = SHAPE) -> Locator:
    """The drawing of a step in a phase."""
    return page.get_by_role("img", name=re.compile(rf"{shape}, step {step}, {phase}"))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def unit(page: Page, name: str) -> Locator:
    """A unit of the drawing, by the beginning of its name."""
    return page.get_by_label(re.compile(f"^{name}"))


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Selected unit")


def facts(page: Page) -> dict[str, float]:
    """The numbers of the selected unit in full, by their symbols."""
    names = panel(page).get_by_role("term").all_inner_texts()
    values = (
        panel(page).get_by_role("definition").evaluate_all("all => all.map(a => a.dataset.value)")
    )
    return {name: float(value.replace("−", "-")) for name, value in zip(names, values, strict=True)}


def values(page: Page, name: str) -> list[float]:
    """All numbers in a part of the drawing, in full."""
    found = page.get_by_label(re.compile(f"^{name}")).first.evaluate(
        "part => [...part.querySelectorAll('[data-value]')].map((text) => text.dataset.value)"
    )
    return [float(value) for value in found]


def explain(api: Api, job: Json, **body: Any) -> Json:
    return api.post(job["links"]["explain"], {"formulas": "none", **body})


def save(page: Page, kind: str, folder: Path) -> Path:
    """Save the export of a kind; return the file."""
    page.get_by_text("Export", exact=True).click()
    items = page.get_by_role("group", name="Export as")
    with page.expect_download() as started:
        items.get_by_role("button", name=re.compile(f"^{kind}")).click()
    expect(items).to_be_hidden()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path
