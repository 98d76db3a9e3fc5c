"""Further questions about a step of a job: another step, the gradient, folds, other rows."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.api import Api, Json
from tests.browser.inside import (
    LINE,
    drawing,
    explain,
    open_job,
    press,
    values,
)


def test_a_step_is_compared_with_another(page: Page, api: Api, job: Json) -> None:
    open_job(page, job, step=5)
    expect(drawing(page, 5)).to_be_visible()
    section = page.get_by_role("region", name="What if this step had been another?")
    section.scroll_into_view_if_needed()
    table = section.get_by_role("table", name="Step 5 as trained and with other settings")
    losses = table.get_by_role("row", name=re.compile("^Loss of the batch"))
    expect(losses).to_be_visible()
    page.get_by_label("Optimizer", exact=True).select_option("SGD with momentum")
    page.get_by_role("slider", name=re.compile("^Learning rate")).focus()
    page.keyboard.press("End")
    expect(table.get_by_role("row", name=re.compile("^Optimizer, rate"))).to_contain_text(
        "SGD with momentum, 1"
    )
    change = {"optimizer": {"type": "sgd", "momentum": 0.9}, "learning_rate": 1}
    answer = api.post(job["links"]["counterfactual"], {"step": 5, **change})["counterfactual"]
    found = losses.get_by_role("cell").evaluate_all("all => all.map(a => Number(a.dataset.value))")
    assert found == [answer["batch"]["losses"][name] for name in ("before", "actual", "changed")]
    expect(
        section.get_by_role("img", name=re.compile("^Loss of the batch after the step"))
    ).to_be_visible()
    expect(section.get_by_text("begins with an empty state")).to_be_visible()
    assert_accessible(page)
    page.reload()
    expect(page.get_by_label("Optimizer", exact=True)).to_have_value("momentum")


@pytest.mark.parametrize(
    ("label", "text", "name"),
    [("Clip the norm at", "0.25", "gradient_clip"), ("Rows of the batch", "7", "batch_size")],
)
def test_a_number_that_is_being_typed_stays_when_an_answer_arrives(
    page: Page, job: Json, label: str, text: str, name: str
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if name in (route.request.post_data or ""):
            route.continue_()
        else:
            held.append(route)

    open_job(page, job, step=5)
    expect(drawing(page, 5)).to_be_visible()
    section = page.get_by_role("region", name="What if this step had been another?")
    section.scroll_into_view_if_needed()
    expect(section.get_by_role("row", name=re.compile("^Loss of the batch"))).to_be_visible()
    section.get_by_text("Loss, clipping, batch size").click()
    page.route("**/counterfactual", hold)
    with page.expect_request("**/counterfactual"):
        page.get_by_label("Optimizer", exact=True).select_option("Adagrad")
    field = section.get_by_label(label)
    field.press_sequentially(text)
    held.pop().continue_()
    changed = section.get_by_role("row", name=re.compile("^Optimizer, rate"))
    expect(changed).to_contain_text("Adagrad")
    expect(field).to_have_value(text)
    with page.expect_request("**/counterfactual") as asked:
        field.press("Tab")
    assert name in (asked.value.post_data or "")
    expect(field).to_have_value(text)


def test_a_high_rate_is_compared_with_a_lower_one_and_outputs_are_named_as_scaled(
    page: Page, api: Api
) -> None:
    table = api.upload("x,price\n" + "".join(f"{n},{n * 1000 + 500}\n" for n in range(20)))
    network = {"layers": [{"type": "dense", "units": 2}]}
    job = api.train(
        table,
        target="price",
        network=network,
        epochs=1,
        optimizer={"type": "sgd", "learning_rate": 150},
        gradient_clip={"type": "norm", "limit": 1e-6},
        validation=None,
    )
    open_job(page, job, step=0)
    expect(drawing(page, 0, shape="Network 1-2-1")).to_be_visible()
    section = page.get_by_role("region", name="What if this step had been another?")
    section.scroll_into_view_if_needed()
    changed = section.get_by_role("row", name=re.compile("^Optimizer, rate"))
    expect(changed).to_contain_text("150")
    expect(changed).to_contain_text("15")
    expect(section.get_by_role("row", name=re.compile("^price, scaled, of row"))).to_be_visible()
    page.get_by_role("slider", name=re.compile("^Learning rate")).focus()
    page.keyboard.press("End")
    expect(changed).to_contain_text("1000")


def test_the_gradient_is_checked_layer_by_layer(page: Page, api: Api, job: Json) -> None:
    open_job(page, job, step=8)
    page.get_by_text("Gradient check passed: 21 of 21, largest error").click()
    table = page.get_by_role("table", name="Gradient check per layer")
    check = api.post(job["links"]["gradient_check"], {"step": 8})["check"]
    for layer in check["layers"]:
        row = table.get_by_role("row", name=re.compile(f"^{layer['layer']}"))
        expect(row).to_contain_text(f"passed {layer['checked']} of {layer['parameters']}")
    expect(page.get_by_text("No parameter was left out at a kink.")).to_be_visible()
    assert_accessible(page)


def test_a_network_of_a_fold_is_chosen(page: Page, api: Api) -> None:
    job = api.train(name="folds", validation={"folds": 3}, epochs=2)
    open_job(page, job, step=1)
    expect(drawing(page, 1)).to_be_visible()
    page.get_by_role("combobox", name="Network").select_option("fold 2 of 3")
    expect(drawing(page, 0)).to_be_visible()
    expect(page.get_by_text(LINE)).to_be_visible()
    expected = explain(api, job, step=0, fold=1)["explanation"]
    press(page, f"Batch of {expected['rows']}")
    assert "fold=1" in page.url
    expect(page.get_by_label(re.compile("^loss"))).to_be_visible()
    assert values(page, "loss")[0] == expected["loss"]["value"]
