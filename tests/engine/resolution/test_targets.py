"""Targets of a spec: the two forms of the field, and what resolution makes of them."""

from engine.specs import TrainingSpec, dump
from tests.engine.resolution.requests import problems


def test_a_list_of_one_is_the_same_spec_as_the_name() -> None:
    assert TrainingSpec(target=("a",)) == TrainingSpec(target="a")
    assert dump(TrainingSpec(target=("a",)))["target"] == "a"


def test_targets_are_the_names_in_order() -> None:
    assert TrainingSpec(target="a").targets == ("a",)
    assert TrainingSpec(target=("b", "a")).targets == ("b", "a")
    assert TrainingSpec().targets == ()


def test_a_missing_target_is_a_problem() -> None:
    assert ("/target", "missing") in problems(None)
