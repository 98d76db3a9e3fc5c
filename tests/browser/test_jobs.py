"""Jobs: the list, a live job, commands, failures, comparisons."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api, Json
from tests.browser.guards import Guard
from tests.browser.windows import DARK, PHONE
from tests.waiting import wait_for

LONG = 200_000
# Enough epochs to open the page before the end.
WATCHED = 8_000
VALUES = "(table) => [...table.querySelectorAll('td span')].map((cell) => cell.dataset.value)"


@pytest.fixture(scope="module")
def dataset(api: Api) -> Json:
    return api.upload()


@pytest.fixture(scope="module")
def trained(api: Api, dataset: Json) -> Json:
    return api.train(dataset, name="trained", epochs=30)


@pytest.fixture(scope="module")
def diverged(api: Api) -> Json:
    csv = "x,y\n" + "".join(f"{n},{n * 5000}\n" for n in range(40))
    return api.train(
        api.upload(csv),
        name="diverged",
        target="y",
        optimizer={"type": "sgd", "learning_rate": 1000.0},
        preprocessing={"target": "none", "numeric": "none"},
    )


@pytest.fixture
def start(api: Api, dataset: Json) -> Iterator[Callable[..., Json]]:
    """Post a job and return it when its first epoch is done; cancel it after the test."""
    posted: list[Json] = []

    def post(**spec: object) -> Json:
        job = api.post_job(dataset, **spec)
        posted.append(job)
        wait_for(lambda: api.get(job["links"]["self"])["progress"]["epoch"] > 0, 60)
        return job

    yield post
    for job in posted:
        links = api.get(job["links"]["self"])["links"]
        if "cancel" in links:
            api.client.post(links["cancel"])


def open_job(page: Page, job: Json) -> Locator:
    """Open the job's address; its part of the page."""
    page.goto(f"/#/jobs/{job['id']}")
    expect(page.get_by_role("heading", name=job["name"], exact=True, level=1)).to_be_visible()
    return page.get_by_role("article", name="Job")


def status(page: Page, word: str) -> Locator:
    return (
        page.get_by_role("article", name="Job").get_by_role("status").get_by_text(word, exact=True)
    )


def test_live_job_is_watched_to_its_end(page: Page, api: Api, start: Callable[..., Json]) -> None:
    job = start(name="watched", epochs=WATCHED)
    view = open_job(page, job)
    expect(status(page, "running")).to_be_visible()
    expect(view.get_by_role("progressbar", name="Progress")).to_be_visible()
    assert_accessible(page)
    api.wait_for_end(job)
    expect(status(page, "succeeded")).to_be_visible()
    expect(view.get_by_role("progressbar", name="Progress")).to_have_count(0)
    expect(view.get_by_text("Succeeded: model")).to_be_visible()
    view.get_by_text("Loss as a table").click()
    region = view.get_by_role("region", name="Loss as a table")
    losses = api.get(f"{job['links']['losses']}?limit=50")["data"]
    expect(view.get_by_text(f"1 to 25 of {WATCHED:,} rows")).to_be_visible()
    for first in (0, 25):
        wanted = [
            losses[n][key] for n in range(first, first + 25) for key in ("loss", "validation_loss")
        ]
        found = region.get_by_role("table").evaluate(VALUES)
        assert [float(value) for value in found] == wanted
        view.get_by_role("button", name="Next rows").click()


def test_job_is_paused_resumed_and_cancelled(page: Page, start: Callable[..., Json]) -> None:
    view = open_job(page, start(name="commanded", epochs=LONG))
    pause = view.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    expect(status(page, "paused")).to_be_visible()
    expect(pause).to_have_count(0)
    expect(view.get_by_role("group", name="Commands")).to_be_focused()
    assert_accessible(page)
    view.get_by_role("button", name="Resume").click()
    expect(status(page, "running")).to_be_visible()
    view.get_by_role("button", name="Cancel").click()
    expect(view.get_by_role("button", name="Cancel the job")).to_be_focused()
    page.keyboard.press("Escape")
    expect(view.get_by_role("button", name="Cancel the job")).to_have_count(0)
    expect(status(page, "running")).to_be_visible()
    view.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Enter")
    expect(status(page, "cancelled")).to_be_visible()
    expect(view.get_by_role("link", name="Open the model")).to_be_visible()
    expect(view.get_by_role("button", name="Cancel")).to_have_count(0)


def test_failure_has_its_reason_and_ways_out(page: Page, api: Api, diverged: Json) -> None:
    view = open_job(page, diverged)
    failure = view.get_by_role("group", name="Failure")
    expect(failure).to_contain_text("Failed: diverged")
    expect(failure).to_contain_text("training diverged in epoch", ignore_case=True)
    link = failure.get_by_role("link", name=re.compile("^Train with"))
    expect(link).to_have_attribute("href", re.compile(f"^#/new-job\\?from={diverged['id']}"))
    assert_accessible(page)
    failure.get_by_role("button", name="Retry").click()
    expect(view.get_by_text("attempt 2", exact=False).first).to_be_visible()
    wait_for(lambda: api.get(diverged["links"]["self"])["attempt"] == 2, 30)
    expect(failure).to_contain_text("Failed: diverged")


def test_list_is_filtered(page: Page, trained: Json, diverged: Json) -> None:
    page.goto("/#/jobs")
    jobs = page.get_by_role("navigation", name="Jobs")
    expect(jobs.get_by_role("link", name=re.compile("^trained"))).to_be_visible()
    page.get_by_role("button", name="Failed").click()
    expect(jobs.get_by_role("link", name=re.compile("^diverged"))).to_be_visible()
    expect(jobs.get_by_role("link", name=re.compile("^trained"))).to_have_count(0)
    assert "show=failed" in page.url
    page.get_by_role("button", name="All", exact=True).click()
    name = page.get_by_role("searchbox", name="Name")
    name.fill("trained")
    name.press("Enter")
    expect(jobs.get_by_role("link")).to_have_count(1)
    name.fill("no such name")
    name.press("Enter")
    expect(page.get_by_text("No job matches the name no such name")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Show all jobs").click()
    expect(jobs.get_by_role("link", name=re.compile("^diverged"))).to_be_visible()


def test_job_is_chosen_by_keyboard(page: Page, trained: Json) -> None:
    page.goto("/#/jobs?name=trained")
    link = page.get_by_role("navigation", name="Jobs").get_by_role(
        "link", name=re.compile("^trained")
    )
    expect(link).to_have_count(1)
    link.focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="trained", level=1)
    expect(heading).to_be_focused()
    assert f"/jobs/{trained['id']}" in page.url
    expect(link).to_have_attribute("aria-current", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Open the model")).to_be_focused()


def test_jobs_are_compared(
    page: Page, api: Api, guard: Guard, dataset: Json, trained: Json
) -> None:
    other = api.train(dataset, name="shorter", epochs=12)
    guard.allow(404)
    page.goto(f"/#/jobs?compare={trained['id']},job_00000000-0000-7000-8000-000000000000")
    expect(page.get_by_text("There is no job")).to_be_visible()
    page.get_by_role("checkbox", name=re.compile("^shorter")).check()
    assert other["id"] in page.url
    view = page.get_by_role("region", name="Comparison")
    settings = view.get_by_role("region", name="Differing settings")
    expect(settings.get_by_role("row", name="/epochs 30 12")).to_be_visible()
    expect(
        view.get_by_role(
            "img", name=re.compile(r"^Training loss by epoch\. trained: from .*shorter: from")
        )
    ).to_be_visible()
    results = view.get_by_role("region", name="Results")
    expect(results.get_by_role("row", name="Epochs 30 12")).to_be_visible()
    view.get_by_text("Validation loss as a table").click()
    found = (
        view.get_by_role("region", name="Validation loss as a table")
        .get_by_role("table")
        .evaluate(VALUES)
    )
    pairs = zip(
        *(
            [loss["validation_loss"] for loss in api.get(job["links"]["losses"])["data"]]
            for job in (trained, other)
        ),
        strict=False,
    )
    assert [float(value) for value in found[:24]] == [value for pair in pairs for value in pair]
    assert_accessible(page)


def stored_epochs(api: Api, job: Json) -> int:
    """Return how many epochs of a thinned job are stored, in all pages of its losses."""
    found, after, more = 0, -1, True
    while more:
        page = api.get(f"{job['links']['losses']}?limit=10000&after={after}")
        assert page["thinned"]
        found, more = found + len(page["data"]), page["has_more"]
        after = page["data"][-1]["epoch"]
    return found


def test_thinned_epochs_are_said(page: Page, api: Api, trained: Json) -> None:
    """In the curves of the job, over those of others, and where its steps are chosen."""
    line = api.upload("x,y\n1,0.5\n2,1.5\n3,2\n4,3\n")
    job = api.train(
        line,
        name="long",
        target="y",
        epochs=10_001,
        batch_size="full",
        network={"layers": []},
        validation=None,
    )
    stored = stored_epochs(api, job)
    words = f"older epochs are thinned; {stored:,} of 10,001 are stored."
    expect(open_job(page, job).get_by_text(words)).to_be_visible()
    page.goto(f"/#/jobs?compare={trained['id']},{job['id']}")
    expect(page.get_by_text(words)).to_have_text(f"long: the {words}")
    page.goto(f"/#/backpropagation/{job['id']}?step=0")
    expect(page.get_by_role("slider", name="Step")).to_be_visible()
    expect(page.get_by_text(words)).to_have_text(f"The {words}")


def test_folds_have_no_curves_and_that_is_said(page: Page, api: Api) -> None:
    job = api.train(name="in folds", validation={"folds": 3}, epochs=2)
    article = open_job(page, job)
    expect(article.get_by_role("img", name=re.compile("^Loss by epoch"))).to_be_visible()
    words = "The curves are those of the final network: the service records no losses of the folds."
    expect(article.get_by_text(words)).to_be_visible()
    page.goto(f"/#/backpropagation/{job['id']}?fold=1")
    expect(page.get_by_role("slider", name="Step")).to_be_visible()
    expect(page.get_by_text("The service records no losses of the folds.")).to_be_visible()


def test_stream_that_is_cut_goes_on_without_doubled_events(
    page: Page, api: Api, start: Callable[..., Json]
) -> None:
    job = start(name="cut", epochs=WATCHED)
    asked: list[str] = []

    def cut_once(route: Route) -> None:
        """The first stream repeats an event, and ends in the middle of another one."""
        headers = route.request.all_headers()
        if headers.get("accept") != "text/event-stream":
            route.continue_()
            return
        asked.append(headers.get("last-event-id", ""))
        if len(asked) > 1:
            route.continue_()
            return
        api_headers = {"Accept": "text/event-stream"}
        with api.client.stream("GET", job["links"]["events"], headers=api_headers) as stream:
            lines = stream.iter_lines()
            body = "".join(f"{next(lines)}\n" for _ in range(4 * 4))
        route.fulfill(
            status=200, content_type="text/event-stream", body=body + "event: epoch\ndata: {"
        )

    page.route("**/events", cut_once)
    view = open_job(page, job)
    api.wait_for_end(job)
    expect(status(page, "succeeded")).to_be_visible()
    wait_for(lambda: len(asked) >= 2, 20)
    newest = api.get(f"{job['links']['events']}?limit=200")["data"]
    log = view.get_by_role("listitem")
    expect(log.filter(has_text="Queued")).to_have_count(1)
    expect(log.filter(has_text="Claimed by worker")).to_have_count(1)
    expect(log.filter(has_text="Succeeded: model")).to_have_count(1)
    expect(log.filter(has_text="Epochs 0 to ")).to_have_count(1)
    assert int(asked[1]) <= newest[-1]["id"]


def test_no_jobs_yet(page: Page) -> None:
    empty = {"data": [], "has_more": False, "next": None}
    page.route("**/v1/jobs?*", lambda route: route.fulfill(json=empty))
    page.goto("/#/jobs")
    expect(page.get_by_text("No jobs yet. Train one on a table.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Upload a table").click()
    expect(page).to_have_url(re.compile("#/datasets$"))


def test_unknown_job_is_said(page: Page, guard: Guard) -> None:
    guard.allow(404)
    page.goto("/#/jobs/job_00000000-0000-7000-8000-000000000000")
    problem = page.get_by_role("article", name="Job").get_by_role("alert")
    expect(problem).to_be_visible()
    expect(problem.get_by_role("button", name="Try again")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("window", [PHONE, DARK], ids=["phone", "dark"])
def test_list_and_job_fit_their_window(page: Page, trained: Json) -> None:
    page.goto("/#/jobs?name=trained")
    page.get_by_role("navigation", name="Jobs").get_by_role("link").first.click()
    view = open_job(page, trained)
    for details in (
        "More curves",
        "Curves per layer",
        "Loss as a table",
        "Resolved spec",
        "Environment",
    ):
        view.get_by_text(re.compile(f"^{details}")).click()
    expect(
        view.get_by_role("img", name=re.compile("^Gradient norm per layer by epoch"))
    ).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_replay_proves_the_digest(page: Page, trained: Json) -> None:
    view = open_job(page, trained)
    view.get_by_role("button", name="Replay the training").click()
    expect(view.get_by_text("Identical: losses and weights are equal bit for bit.")).to_be_visible()
