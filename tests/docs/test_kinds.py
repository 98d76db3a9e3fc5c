"""docs/kinds.md matches the specs."""

from typing import get_args

from engine.metrics.labels import COUNT_METRICS, RANKING_METRICS
from engine.specs import ActivationName, ClassMetric, LabelMetric, NumberMetric, OutputActivation
from tests.docs.kinds import ACTIVATIONS, LABEL_METRICS, METRICS, PATH, render


def test_the_page_matches_the_specs() -> None:
    assert PATH.read_text() == render(), "run python -m tests.docs.kinds"


def test_every_activation_has_its_formula() -> None:
    assert ACTIVATIONS.keys() == {*get_args(ActivationName), *get_args(OutputActivation)}


def test_every_metric_of_labels_has_its_formula() -> None:
    names = {*COUNT_METRICS, *RANKING_METRICS, *get_args(LabelMetric)}
    assert names == LABEL_METRICS.keys()


def test_every_metric_has_its_formula() -> None:
    page = " ".join([*METRICS, *METRICS.values()])
    for name in (*get_args(ClassMetric), *get_args(NumberMetric)):
        assert name in page or name in {"top_3_accuracy", "top_5_accuracy"}
