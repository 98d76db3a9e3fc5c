"""Names from a file are text wherever the page shows them."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.api import Api, Json
from tests.browser.windows import DESKTOP, PHONE, Window

NAME = "<img src=x onerror=alert(1)>"
CATEGORY = "<script>alert(2)</script>"
CSV = f'"{NAME}",y,kind\n' + "".join(
    f'{n % 5},{n % 3},"{CATEGORY}"\n{n % 5 + 4},{n % 3 + 2},other\n' for n in range(30)
)
# Characters that write what follows from right to left.
REVERSED = "\u202ecba"
REVERSED_CSV = f'"{REVERSED}",size,kind,price\n' + "".join(
    f"{n % 5 + 0.13:.2f},{n % 3},{REVERSED if n % 2 else 'other'},{n % 7}\n" for n in range(30)
)
# Texts of the diagram whose characters do not stand in their order.
OUT_OF_ORDER = """() => [...document.querySelectorAll('svg.network text')].filter((text) => {
  const places = Array.from({ length: text.getNumberOfChars() }, (_, at) => (
    text.getStartPositionOfChar(at).x));
  return places.some((x, at) => at && x < places[at - 1] - 1);
}).map((text) => text.textContent)"""

LINKS = {"dataset": "dataset", "job": "self", "model": "model"}


@pytest.fixture(scope="module")
def job(api: Api) -> Json:
    """A job whose file has HTML for names."""
    return api.train(api.upload(CSV, name=f"{NAME}.csv"), name=NAME)


def assert_is_text(page: Page, text: str) -> None:
    """Check that a text is in the view, and that no element was made of it."""
    # The first explanation starts the processes that compute.
    expect(page.get_by_role("main")).to_contain_text(text, timeout=60_000)
    made = page.evaluate("() => document.querySelectorAll('img[onerror], main script').length")
    assert made == 0


def test_in_a_new_table(page: Page) -> None:
    page.goto("/#/datasets")
    file: FilePayload = {"name": f"{NAME}.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    page.get_by_label("Choose a file").set_input_files([file])
    for text in (NAME, CATEGORY):
        assert_is_text(page, text)


@pytest.mark.parametrize(
    ("view", "text"),
    [
        ("datasets", NAME),
        ("datasets/{dataset}", NAME),
        ("datasets/{dataset}", CATEGORY),
        ("new-job?dataset={dataset}", NAME),
        ("jobs/{job}", NAME),
        ("jobs/{job}", CATEGORY),
        ("backpropagation/{job}", NAME),
        # In the list of rows, shortened.
        ("backpropagation/{job}", CATEGORY[:8]),
        ("models/{model}", NAME),
        ("models/{model}", CATEGORY),
    ],
)
def test_in_a_view(page: Page, job: Json, view: str, text: str) -> None:
    ids = {name: job["links"][link].split("/")[-1] for name, link in LINKS.items()}
    page.goto(f"/#/{view.format(**ids)}")
    assert_is_text(page, text)


@pytest.mark.parametrize("phase", ["forward", "backward"])
def test_direction_of_text_does_not_move_numbers(page: Page, api: Api, phase: str) -> None:
    dataset = api.upload(REVERSED_CSV, name="reversed.csv")
    job = api.train(dataset, target="kind", validation=None)
    page.goto(f"/#/backpropagation/{job['id']}?step=2&phase={phase}")
    network = page.get_by_role("img", name="Network 3-3-1, step 2")
    expect(network).to_be_visible(timeout=60_000)
    expect(network).to_contain_text("cba")
    assert page.evaluate(OUT_OF_ORDER) == []
    for row in page.get_by_role("combobox", name="Row").locator("option").all_inner_texts():
        assert re.fullmatch(r"\s*row \d+: [\d.]+, \d, \d → \u2068(cba|other)\u2069\s*", row)


OPEN_ALL = "for (const one of document.querySelectorAll('main details')) one.open = true"
VIEWS = [
    "datasets",
    "datasets/{dataset}",
    "new-job?dataset={dataset}",
    "jobs",
    "jobs/{job}",
    "backpropagation/{job}",
    "models",
    "models/{model}",
]


@pytest.fixture(scope="module")
def long_job(api: Api) -> Json:
    """A job with names that do not fit into any line, and have no place to break."""
    column, name = "c" * 1000, "n" * 150
    csv = f"{column},y,kind\n" + "".join(
        f"{n % 7},{n % 5},{'ab'[n % 2] * 200}\n" for n in range(60)
    )
    return api.train(api.upload(csv, name=f"{name}.csv"), name=name)


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["wide", "phone"])
def test_long_names_widen_no_view(page: Page, long_job: Json, window: Window) -> None:
    ids = {name: long_job["links"][link].split("/")[-1] for name, link in LINKS.items()}
    for view in VIEWS:
        # Otherwise, the names of the view before are still there.
        page.goto("about:blank")
        page.goto(f"/#/{view.format(**ids)}")
        main = page.get_by_role("main")
        named = main.get_by_text(re.compile("nnn|ccc")).filter(visible=True)
        expect(named.first).to_be_visible(timeout=60_000)
        page.evaluate(OPEN_ALL)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= window.width, view
