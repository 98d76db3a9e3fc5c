"""Every number of the drawing is that of the answers, and that of a separate calculation."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.api import POINTS_CSV, Api
from tests.browser.drawings.drawn_numbers import DrawnNumber, print_short, read_numbers, resolve
from tests.browser.drawings.expected_numbers import RATE, ExpectedNumbers
from tests.browser.drawings.host import answers_of_job, clock_of, draw

Json = dict[str, Any]
PHASES = ("forward", "loss", "backward", "update")
# Field of the answers by symbol, without its index.
FIELDS = {"z": "z", "a": "a", "p": "a", "ŷ": "a", "δ": "delta", "∂L/∂a": "a_gradient"}
FIELDS |= {"b": "bias/before", "b′": "bias/after", "y": "loss/targets"}
HOUSES_CSV = "area,rooms,price\n" + "".join(
    f"{40 + 7 * n},{1 + n % 4},{9000 * n + 20000 * (n % 4)}\n" for n in range(30)
)
PAIR_CSV = "\n".join(line for line in POINTS_CSV.split("\n") if "high" not in line)


def layers(*sizes: tuple[int, str]) -> list[Json]:
    """Dense layers of a network."""
    return [{"type": "dense", "units": units, "activation": name} for units, name in sizes]


JOBS: dict[str, tuple[str, str, list[Json], str]] = {
    "classes": (POINTS_CSV, "kind", layers((4, "tanh"), (3, "relu")), "cross_entropy"),
    "two classes": (PAIR_CSV, "kind", layers((3, "sigmoid")), "binary_cross_entropy"),
    "number": (HOUSES_CSV, "price", layers((3, "relu")), "mean_squared_error"),
}


@pytest.fixture(scope="module", params=JOBS)
def trained(request: pytest.FixtureRequest, api: Api) -> tuple[Json, str]:
    """Answers to a step of a job with plain gradient descent, and its loss."""
    csv, target, hidden, loss = JOBS[request.param]
    job = api.train(
        api.upload(csv, name=f"{request.param}.csv"),
        target=target,
        network={"layers": hidden},
        optimizer={"type": "sgd", "learning_rate": RATE},
        schedule={"type": "constant"},
        epochs=2,
    )
    return answers_of_job(api, job, step=3), loss


def assert_in_place(number: DrawnNumber) -> None:
    """The number belongs to the unit, the edge and the symbol with which it stands."""
    keys = number.path.split("/")
    if number.unit is not None and "layers" in keys and "units" in keys:
        layer, unit = int(keys[3]), int(keys[5])
        names = number.unit.rpartition(".")
        assert int(names[2]) == unit
        assert names[0] in {f"layers.{layer}", "output"}
    if number.symbol is not None and number.unit is not None:
        base = number.symbol.rstrip("0123456789′").rstrip("0123456789")
        field = FIELDS[base + ("′" if number.symbol.endswith("′") else "")]
        assert f"/{field}" in number.path


def test_numbers_are_those_of_the_answers_and_of_a_separate_calculation(
    page: Page, trained: tuple[Json, str]
) -> None:
    answers, kind = trained
    encoded = [one["encoded"] for one in answers["rows"]["shown"]]
    expected = {
        "batch": ExpectedNumbers(answers["batch"], encoded, kind),
        "row": ExpectedNumbers(answers["row"], [answers["rowShown"]["encoded"]], kind),
    }
    for phase in PHASES:
        for mode in ("row", "batch"):
            draw(page, answers, clock_of(phase, mode, layer="layers.0", unit=1))
            numbers = read_numbers(page)
            basis = "row" if mode == "row" and phase != "update" else "batch"
            found = {number.path.split("/")[1] for number in numbers}
            assert basis in found <= {basis, "rowShown"}, (phase, mode)
            # Two numbers per unit and the widths of all edges.
            assert len(numbers) > 20
            for number in numbers:
                if number.text is not None:
                    assert number.text == print_short(number.value), number
                assert number.value == resolve(answers, number.path), number
                assert_in_place(number)
                if number.path.startswith("/rowShown"):
                    continue
                _, source, path = number.path.split("/", 2)
                reference = pytest.approx(expected[source].at(path), rel=2e-4, abs=2e-6)
                assert number.value == reference, number


def test_numbers_that_are_not_known_yet_are_later(page: Page, trained: tuple[Json, str]) -> None:
    answers, _ = trained
    loss = page.locator("#drawn").get_by_role("group", name="Loss")
    for phase, text in {"forward": "later", "loss": ".", "backward": ".", "update": "L′"}.items():
        draw(page, answers, clock_of(phase))
        assert text in (loss.text_content() or ""), phase
    draw(page, answers, clock_of("forward"))
    heads = page.get_by_role("region", name="Units at step").get_by_role("columnheader")
    cells = page.get_by_role("region", name="Units at step").get_by_role("row").nth(1)
    known = {
        name: cells.get_by_role("cell").nth(i) for i, name in enumerate(heads.all_inner_texts()[1:])
    }
    assert [known[name].inner_text() for name in ("∂L/∂a", "δ", "b′")] == ["later"] * 3
    assert "later" not in {known[name].inner_text() for name in ("z", "a", "b")}
