"""The recorded examples of the page are what the engine computes."""

import json
from pathlib import Path
from typing import Any

import pytest

from examples.recorded.activations import sample_activations
from examples.recorded.record import XOR_RECORDED, record_textbook, record_xor

RECORDED = Path(__file__).resolve().parents[2] / "service/static/recorded"
# It depends on all steps before it; each takes 0.1 s.
COMPARED = (399,)
# Nine digits are recorded.
TOLERANCE = 5.1e-9


def read(name: str) -> Any:
    """A recorded file."""
    return json.loads((RECORDED / name).read_text("utf-8"))


def assert_equal(recorded: Any, computed: object, where: str = "") -> None:
    """Two JSON values are equal, numbers up to rounding."""
    match computed:
        case dict():
            assert [*recorded] == [*computed], where
            for name, value in computed.items():
                assert_equal(recorded[name], value, f"{where}/{name}")
        case list() | tuple():
            assert len(recorded) == len(computed), where
            for index, value in enumerate(computed):
                assert_equal(recorded[index], value, f"{where}/{index}")
        case float():
            assert recorded == pytest.approx(computed, rel=TOLERANCE, abs=1e-15), where
        case _:
            assert recorded == computed, where


def test_recorded_training_is_that_of_the_engine() -> None:
    index, steps = record_xor(COMPARED)
    assert_equal(read("xor/index.json"), index)
    for step, answers in steps.items():
        for name, answer in answers.items():
            assert_equal(read(f"xor/step-{step:03}/{name}.json"), answer)


def test_recorded_textbook_is_that_of_the_engine() -> None:
    assert_equal(read("textbook.json"), record_textbook())


def test_sampled_activations_are_those_of_the_engine() -> None:
    activations = sample_activations()
    for name, points in activations.items():
        assert_equal(read(f"activations/{name}.json"), points)
    assert {path.stem for path in RECORDED.glob("activations/*")} == {*activations}


def test_every_recorded_step_has_a_file() -> None:
    found = {
        path.relative_to(RECORDED / "xor").as_posix() for path in RECORDED.glob("xor/**/*.json")
    }
    names = ("batch", "details", *(f"row-{index}" for index in range(4)))
    steps = {f"step-{step:03}/{name}.json" for step in XOR_RECORDED for name in names}
    assert found == {"index.json", *steps}


def test_recorded_training_learns_exclusive_or() -> None:
    batch = read("xor/step-399/batch.json")
    (a,), (b,), (c,), (d,) = batch["loss"]["outputs"]
    assert max(a, d) < 0.05 < 0.95 < min(b, c)
