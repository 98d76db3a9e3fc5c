"""docs/kinds.md matches the specs."""

from typing import get_args

from engine.specs import ActivationName, ClassMetric, NumberMetric, OutputActivation
from tests.docs.kinds import ACTIVATIONS, METRICS, PATH, render


def test_the_page_matches_the_specs() -> None:
    assert PATH.read_text() == render(), "run python -m tests.docs.kinds"


def test_every_activation_has_its_formula() -> None:
    assert ACTIVATIONS.keys() == {*get_args(ActivationName), *get_args(OutputActivation)}


def test_every_metric_has_its_formula() -> None:
    page = " ".join([*METRICS, *METRICS.values()])
    for name in (*get_args(ClassMetric), *get_args(NumberMetric)):
        assert name in page or name in {"top_3_accuracy", "top_5_accuracy"}
