"""Names from a file are text wherever the page shows them."""

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.api import Api, Json

NAME = "<img src=x onerror=alert(1)>"
CATEGORY = "<script>alert(2)</script>"
CSV = f'"{NAME}",y,kind\n' + "".join(
    f'{n % 5},{n % 3},"{CATEGORY}"\n{n % 5 + 4},{n % 3 + 2},other\n' for n in range(30)
)

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
