"""The difference between two steps, and histograms of a step."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api, Json
from tests.browser.digits import numbers
from tests.browser.inside import (
    drawing,
    explain,
    facts,
    open_job,
    panel,
    press,
    save,
    train_small,
    unit,
    values,
)


@pytest.fixture(scope="module")
def job(api: Api) -> Json:
    return train_small(api)


def test_a_step_is_compared_with_another_one(page: Page, api: Api, job: Json) -> None:
    open_job(page, job, step=20, phase="forward", mode="batch", layer="layers.0", unit=0)
    expect(drawing(page, 20, "forward")).to_be_visible()
    page.get_by_role("heading", name="Difference from another step").click()
    page.get_by_role("spinbutton", name="Step", exact=True).fill("3")
    press(page, "Compare")
    matrices = ["layers.0.weight", "layers.0.bias"]
    later, earlier = (explain(api, job, step=step, matrices=matrices) for step in (20, 3))
    expected = {
        (a, b, b - a)
        for one, other in zip(
            earlier["explanation"]["layers"][0]["parameters"],
            later["explanation"]["layers"][0]["parameters"],
            strict=True,
        )
        for a, b in zip(one["values"], other["values"], strict=True)
    }
    table = page.get_by_role("table", name="Difference, Parameters: weights")
    expect(table).to_be_visible()
    shown = numbers(table)
    rows = list(zip(shown[::3], shown[1::3], shown[2::3], strict=True))
    assert set(rows) == expected
    sizes = [abs(row[2]) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert "with_step=3" in page.url
    assert_accessible(page)
    page.reload()
    expect(table).to_be_visible()
    press(page, "Stop comparing")
    expect(table).to_be_hidden()
    assert "with_step" not in page.url


def test_differences_are_marked(page: Page, api: Api, job: Json, tmp_path: Path) -> None:
    batches = [explain(api, job, step=step)["explanation"] for step in (20, 3)]
    deltas = [one["layers"][0]["units"][0]["delta"]["batch"] for one in batches]
    open_job(page, job, step=20, with_step=3, mode="batch", layer="layers.0", unit=0)
    shown = drawing(page, "20", "backward, differences")
    expect(shown).to_be_visible()
    expect(page.get_by_text("The drawing shows differences: step 20 minus step 3.")).to_be_visible()
    selected = unit(page, "Hidden unit 1 of 3: difference of delta ")
    expect(selected).to_contain_text("Δδ1")
    assert values(page, "Hidden unit 1 of 3")[0] == deltas[0] - deltas[1]
    expect(selected.locator("path.function")).to_have_count(0)
    expect(unit(page, "x: difference, encoded ")).to_contain_text("Δ")
    expect(shown.get_by_role("group", name="Loss")).to_contain_text("ΔL")
    expect(page.get_by_text("|difference of ∂L/∂w|")).to_be_visible()
    expect(panel(page)).to_contain_text("Numbers of step 20 alone; the drawing shows differences.")
    assert facts(page)["δ"] == deltas[0]
    page.get_by_text("Show as a table").click()
    table = page.get_by_role("table", name="Units at step 20, differences")
    expect(table.get_by_role("columnheader", name="Δ δ", exact=True)).to_be_visible()
    assert deltas[0] - deltas[1] in numbers(table)
    edges = page.get_by_role("table", name="Edges at step 20, differences")
    expect(edges.get_by_role("columnheader", name="Δ ∂L/∂w", exact=True)).to_be_visible()
    assert_accessible(page)
    lines = save(page, "CSV", tmp_path).read_text(encoding="utf-8").splitlines()
    assert all(",difference of " in line for line in lines[1:])


def test_another_job_is_compared_at_the_same_step(page: Page, api: Api, job: Json) -> None:
    other = train_small(api)
    open_job(page, job, step=20, phase="forward")
    expect(drawing(page, 20, "forward")).to_be_visible()
    page.get_by_role("heading", name="Difference from another step").click()
    step = page.get_by_role("spinbutton", name="Step", exact=True)
    expect(step).to_have_value("19")
    page.get_by_role("combobox", name="Job", exact=True).select_option(value=other["id"])
    expect(step).to_have_value("20")
    page.get_by_role("combobox", name="Job", exact=True).select_option("this job")
    expect(step).to_have_value("19")


def test_a_step_of_another_job_is_named(page: Page, api: Api, job: Json) -> None:
    other = train_small(api)
    open_job(page, job, step=20, with_step=2, **{"with": other["id"]})
    expect(page.get_by_text("step 20 minus step 2 of the other job.")).to_be_visible()


def test_equal_steps_do_not_differ(page: Page, job: Json) -> None:
    open_job(page, job, step=20, phase="backward", mode="batch", with_step=20)
    expect(page.get_by_text("All 9 are equal.")).to_be_visible()
    table = page.get_by_role("table", name="Difference, Parameters: gradients")
    assert set(numbers(table)[2::3]) == {0}


def test_unequal_shapes_are_said(page: Page, api: Api, job: Json) -> None:
    other = api.train(
        name='<img src=x onerror="alert(1)">', network={"layers": [{"type": "dense", "units": 4}]}
    )
    open_job(page, job, step=20, with_step=2, **{"with": other["id"]})
    expect(page.get_by_text("The networks have different shapes")).to_be_visible()
    expect(page.get_by_role("combobox", name="Job", exact=True)).to_contain_text("<img src=x")


def test_histograms_count_every_value(page: Page, api: Api, job: Json) -> None:
    open_job(page, job, step=20, mode="batch")
    expect(drawing(page, 20)).to_be_visible()
    page.get_by_role("heading", name="Histograms of the step").click()
    section = page.get_by_role("region", name="Histograms of layers.0")
    answer = api.post(job["links"]["distributions"], {"step": 20})
    found = answer["distributions"]["layers"][0]
    expect(section.get_by_role("img", name=re.compile("^Histogram of"))).to_have_count(9)
    for name, one in (("delta", found["deltas"]), ("weight", found["weights"]["layers.0.weight"])):
        bars = section.get_by_role("img", name=re.compile(f"^Histogram of {name}:"))
        assert numbers(bars) == one["histogram"]["counts"]
    assert_accessible(page)
