"""States of the view of one job in which a step cannot be shown, or not yet."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import POINTS_CSV, Api, Json
from tests.browser.guards import Guard
from tests.browser.inside import (
    LINE,
    WIDE,
    WIDE_SHAPE,
    drawing,
    explain,
    facts,
    open_job,
    panel,
    press,
    values,
)
from tests.waiting import wait_for

FAR: Json = {"layers": [{"type": "dense", "units": 900}, {"type": "dense", "units": 900}]}
FAR_SHAPE = "Network 2-900-900-3"


@pytest.fixture(scope="module")
def distant(api: Api) -> Json:
    """A job in which some steps take more than 2 s to reach: few of its large states are kept."""
    return api.train(name="points, wide", epochs=3_500, network=FAR, batch_size=60)


def far_step(api: Api, job: Json) -> int:
    """The step that is farthest behind a kept state."""
    kept = [one["steps"] for one in api.get(job["links"]["checkpoints"])["data"]]
    ends = [*kept, job["progress"]["steps"]]
    gaps: list[tuple[int, int]] = list(zip([0, *kept], ends, strict=True))
    return max(gaps, key=lambda gap: gap[1] - gap[0])[1] - 1


def test_a_step_beyond_the_end_leads_to_the_last(page: Page, guard: Guard, job: Json) -> None:
    guard.allow(404)
    open_job(page, job, step=4000)
    expect(page.get_by_role("alert")).to_contain_text("the job has done 30 steps (0…29)")
    assert_accessible(page)
    page.get_by_role("link", name="Look at step 29, the last").click()
    expect(drawing(page, 29)).to_be_visible()


@pytest.mark.parametrize("step", ["-1", "NaN"])
def test_a_step_that_cannot_be_read_is_said(page: Page, job: Json, step: str) -> None:
    open_job(page, job, step=step)
    notice = page.get_by_text(f"Step “{step}” of the address cannot be read. You see step 14")
    expect(notice).to_be_visible()
    page.wait_for_url(re.compile("step=14&"))
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Step on").click()
    expect(drawing(page, 15)).to_be_visible()
    expect(notice).to_be_hidden()


def test_any_row_of_the_table_and_a_row_of_ones_own(
    page: Page, guard: Guard, api: Api, job: Json
) -> None:
    open_job(page, job, step=12, layer="output", unit=2)
    expect(drawing(page, 12)).to_be_visible()
    page.get_by_text("Another row", exact=True).click()
    page.get_by_label("Row of the table, 0 to 59").fill("33")
    press(page, "Show row")
    expect(page.get_by_role("combobox", name="Row", exact=True)).to_have_value("33")
    guard.allow(422)
    page.get_by_label("x", exact=True).fill("wide")
    page.get_by_label("kind, target").fill("low")
    press(page, "Show your row")
    field = page.get_by_label("x", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("'x' cannot be read"))
    expect(field).to_have_value("wide")
    assert_accessible(page)
    field.fill("1.5")
    page.get_by_label("y", exact=True).fill("0.25")
    press(page, "Show your row")
    expect(page.get_by_role("combobox", name="Row", exact=True)).to_contain_text(
        "your row: 1.5, 0.25 → \u2068low\u2069"
    )
    expect(panel(page)).to_contain_text("3 of 3, softmax")
    own = {"values": {"x": 1.5, "y": 0.25}, "target": "low"}
    expected = explain(api, job, step=12, rows=own)["explanation"]["layers"][1]["units"][2]
    assert facts(page)["δ"] == expected["delta"]["rows"][0]
    page.reload()
    expect(page.get_by_role("combobox", name="Row", exact=True)).to_contain_text("your row")
    press(page, "Back to the batch's rows")
    expect(page.get_by_role("combobox", name="Row", exact=True)).not_to_contain_text("your row")


def test_values_that_are_refused_are_named_at_their_fields(
    page: Page, guard: Guard, api: Api
) -> None:
    lines = [f"{n * 5 % 13},{'ab'[n % 2]},{n * 3}" for n in range(20)]
    table = api.upload("\n".join(["size,kind,price", *lines]))
    job = api.train(
        table, target="price", epochs=1, network={"layers": [{"type": "dense", "units": 2}]}
    )
    open_job(page, job, step=0)
    page.get_by_text("Another row", exact=True).click()
    guard.allow(422)
    size, price = (page.get_by_label(name, exact=True) for name in ("size", "price, target"))
    size.fill("1e999")
    price.fill("much")
    press(page, "Show your row")
    expect(size).to_have_accessible_description(re.compile("'size' cannot be read"))
    expect(price).to_have_accessible_description(re.compile("'price'"))
    size.fill("1")
    price.fill("1e308")
    press(page, "Show your row")
    expect(size).to_have_attribute("aria-invalid", "false")
    expect(price).to_have_accessible_description(re.compile("'price' has a number too large"))
    expect(price).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert_accessible(page)


def test_without_its_table_kept_steps_are_looked_at_with_a_row_of_ones_own(
    page: Page, guard: Guard, api: Api
) -> None:
    dataset = api.upload(POINTS_CSV + "9,9,high\n")
    job = api.train(dataset, name="table deleted")
    api.client.delete(f"/v1/datasets/{dataset['id']}").raise_for_status()
    guard.allow(404, 409)
    open_job(page, job)
    notice = page.get_by_text("The table was deleted.")
    expect(notice).to_be_visible()
    expect(
        page.get_by_text("Step 0 can still be looked at, with a row of your own.")
    ).to_be_visible()
    expect(
        page.get_by_role("group", name="Kept steps").get_by_role("button", name="Step 0")
    ).to_be_visible()
    assert_accessible(page)
    for name, value in {"x": "3.9", "y": "2", "kind, target": "high"}.items():
        page.get_by_label(name, exact=True).fill(value)
    press(page, "Show your row")
    expect(drawing(page, 0)).to_be_visible()
    own = {"values": {"x": 3.9, "y": 2}, "target": "high"}
    expected = explain(api, job, step=0, rows=own)["explanation"]["loss"]["rows"][0]
    assert values(page, "loss")[0] == expected
    assert_accessible(page)


def test_a_distant_step_is_replayed_and_can_be_cancelled(
    page: Page, api: Api, distant: Json
) -> None:
    step = far_step(api, distant)
    other = api.post_job(api.upload(), name="keeps the worker busy", epochs=1_000_000)
    try:
        wait_for(lambda: api.get(other["links"]["self"])["status"] == "running")
        open_job(page, distant, step=step)
        replay = page.get_by_text(re.compile(r"^Replaying [\d,]+ steps from"))
        expect(replay).to_be_visible()
        expect(page.get_by_role("progressbar", name=re.compile("^Replaying"))).to_be_visible()
        assert_accessible(page)
        press(page, "Cancel")
        expect(page.get_by_role("alert")).to_contain_text(
            f"The replay was cancelled. Step {step:,} is not shown."
        )
        assert_accessible(page)
    finally:
        api.client.post(f"{other['links']['self']}/cancel")
    press(page, f"Replay step {step:,}")
    expect(page.get_by_text(LINE)).to_be_visible(timeout=60_000)
    expect(drawing(page, f"{step:,}".replace(",", ",?"), shape=FAR_SHAPE)).to_be_visible()


def test_steps_of_a_job_that_was_opened_before_its_first_are_counted(page: Page, api: Api) -> None:
    posted = [
        api.post_job(api.upload(), name=name, epochs=1_000_000, validation=None)
        for name in ("keeps the worker busy", "waits")
    ]
    try:
        open_job(page, posted[1], step=0)
        expect(page.get_by_text("queued", exact=True)).to_be_visible()
        expect(drawing(page, 0)).to_be_visible()
        api.client.post(f"{posted[0]['links']['self']}/cancel")
        expect(page.get_by_role("button", name=re.compile(r"^[\d,]+ newer steps$"))).to_be_visible()
    finally:
        for job in posted:
            api.client.post(f"{job['links']['self']}/cancel")


def test_news_of_a_running_job_move_nothing(page: Page, api: Api) -> None:
    job = api.post_job(api.upload(), name="long", epochs=100_000, network=WIDE, validation=None)
    try:
        wait_for(lambda: api.get(job["links"]["self"])["progress"]["epoch"] > 0)
        open_job(page, job, step=0)
        shape = WIDE_SHAPE
        expect(drawing(page, 0, shape=shape)).to_be_visible()
        chip = page.get_by_role("button", name=re.compile(r"^[\d,]+ newer steps$"))
        expect(chip).to_be_visible()
        url, length = page.url, page.get_by_role("slider", name="Step").get_attribute("max")
        first = chip.inner_text()
        expect(chip).not_to_have_text(first)
        assert page.get_by_role("slider", name="Step").get_attribute("max") == length
        assert page.url == url
        assert_accessible(page)
        chip.click()
        expect(drawing(page, "[1-9][0-9,]*", shape=shape)).to_be_visible()
    finally:
        api.client.post(f"{job['links']['self']}/cancel")
    ended = api.wait_for_end(job)
    assert ended["status"] == "cancelled"
    expect(page.get_by_text("cancelled", exact=True)).to_be_visible()


def test_numbers_stay_without_connection_and_the_next_come_with_it(
    page: Page, guard: Guard, job: Json
) -> None:
    open_job(page, job, step=12)
    expect(drawing(page, 12)).to_be_visible()
    changed = page.get_by_role("region", name="this step had been another")
    changed.scroll_into_view_if_needed()
    compared = changed.get_by_role("region", name="Step 12 as trained and what if")
    expect(compared).to_be_visible()
    guard.allow_lost_connection()
    page.context.set_offline(offline=True)
    press(page, "Step on")
    figure = page.get_by_role("figure", name="Diagram")
    expect(figure.get_by_role("alert")).to_contain_text("The service cannot be reached")
    expect(drawing(page, 12)).to_be_visible()
    expect(compared).to_be_visible()
    assert_accessible(page)
    page.context.set_offline(offline=False)
    expect(drawing(page, 13)).to_be_visible()
    expect(changed.get_by_role("region", name="Step 13 as trained and what if")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_busy_service_is_waited_for(page: Page, guard: Guard, job: Json) -> None:
    guard.allow(503)
    asked: list[str] = []

    def refuse_once(route: Any) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
            return
        body = {
            "status": 503,
            "title": "Service Unavailable",
            "code": "not_ready",
            "detail": "busy",
        }
        route.fulfill(status=503, json=body, headers={"Retry-After": "1"})

    page.route("**/explain", refuse_once)
    open_job(page, job, step=2)
    expect(page.get_by_text("Other computations are running. Trying again in 1 s.")).to_be_visible()
    expect(drawing(page, 2)).to_be_visible()


def test_what_does_not_fit_into_an_answer_is_said(page: Page, guard: Guard, job: Json) -> None:
    guard.allow(422)

    def refuse_large(route: Any) -> None:
        if "max_units" in route.request.post_data_json:
            route.continue_()
            return
        body = {
            "status": 422,
            "title": "",
            "code": "answer_too_large",
            "detail": "too many numbers",
        }
        route.fulfill(status=422, json=body)

    page.route("**/explain", refuse_large)
    open_job(page, job, step=2)
    expect(
        page.get_by_text("at most 12 units per layer, 6 edges per unit and 16 rows")
    ).to_be_visible()
