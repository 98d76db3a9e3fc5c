"""The learning-rate range test."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from engine.health_checks.rate_range import check_rate_range
from engine.health_checks.run_checks import run_checks
from engine.health_checks.training_start import TrainingStart
from engine.training.training import Training
from tests.engine.examples import same_arrays
from tests.engine.health_checks.starts import flowers, line, optimizer


def test_the_default_rate_is_within_the_range() -> None:
    found = check_rate_range(flowers())
    assert found.verdict == "passed"
    assert found.suggested_low is not None
    assert found.suggested_high is not None
    assert found.steepest_at is not None
    assert found.lowest_at is not None
    assert found.suggested_low < found.steepest_at <= found.lowest_at
    assert found.suggested_low <= found.suggested_high
    assert len(found.rates) == len(found.losses) == 100
    assert found.rates[0] == pytest.approx(1e-7)
    assert found.rates[-1] == pytest.approx(10)


def explosion(start: TrainingStart) -> float:
    """Return the rate beyond which gradient descent on a linear network diverges: 2 / λ."""
    x = np.hstack([start.data.x[0:], np.ones((len(start.data.x), 1))]).astype(np.float64)
    return 2 / float(np.linalg.eigvalsh(2 * x.T @ x / len(x))[-1])


def test_a_linear_network_explodes_beyond_two_by_the_largest_eigenvalue() -> None:
    start = line(network={"layers": []}, batch_size="full", **optimizer("sgd", 0.05))
    found = check_rate_range(start)
    limit = explosion(start)
    assert found.verdict == "passed"
    assert found.explodes_at is not None
    assert found.lowest_at is not None
    # The loss has fallen by then, and needs some steps, of a factor 1.2, to exceed its start.
    assert limit < found.explodes_at < 1.2**10 * limit
    assert found.lowest_at < 1.2**4 * limit


@pytest.mark.parametrize(
    ("rate", "verdict", "advice"),
    [
        (1e-6, "warning", "raise it"),
        (5.0, "failed", "lower"),
        (2.5, "warning", "lower"),
        (0.004, "passed", "among them"),
    ],
)
def test_the_rate_is_judged(rate: float, verdict: str, advice: str) -> None:
    start = line(network={"layers": []}, batch_size="full", **optimizer("sgd", rate))
    found = check_rate_range(start)
    assert found.verdict == verdict
    assert advice in found.detail


@pytest.mark.parametrize(
    ("factor", "end", "place"),
    [
        (0.2, "suggested_low", "is 5 times lower, which passes down to a tenth of them"),
        (2.0, "suggested_high", "is 2 times higher, which passes up to the rate of the lowest"),
    ],
)
def test_a_rate_outside_of_the_range_that_passes_is_said_to_be_outside(
    factor: float, end: str, place: str
) -> None:
    options: dict[str, Any] = {"network": {"layers": []}, "batch_size": "full"}
    suggested = getattr(check_rate_range(line(**options, **optimizer("sgd", 0.01))), end)
    found = check_rate_range(line(**options, **optimizer("sgd", factor * suggested)))
    assert found.verdict == "passed"
    assert place in found.detail


def test_nothing_to_learn_is_a_warning() -> None:
    layer = {"type": "dense", "units": 4, "initializer": "zeros", "frozen": True}
    output = {"frozen": True}
    found = check_rate_range(flowers(network={"layers": [layer], "output": output}))
    assert (found.verdict, found.suggested_low, found.lowest_at) == ("warning", None, None)


def test_lbfgs_has_no_rate() -> None:
    found = check_rate_range(line(optimizer="lbfgs", batch_size="full"))
    assert (found.verdict, found.rates) == ("not_applicable", ())


def test_stop_ends_the_check() -> None:
    calls = iter([False] * 5 + [True])
    assert check_rate_range(flowers(), lambda: next(calls)).verdict == "not_applicable"


def test_the_range_test_uses_the_batches_of_the_training() -> None:
    layers = [{"type": "dense", "units": 8}, {"type": "batch_normalization"}]
    found = check_rate_range(flowers(network={"layers": layers}, batch_size=8))
    assert found.verdict == "passed"


def test_checks_alter_nothing_and_are_json() -> None:
    start = flowers(epochs=1)
    weights = Training(start.spec, start.data).weights()
    before = {name: array.copy() for name, array in weights.items()}
    for array in (*weights.values(), *start.data.arrays):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    checks = run_checks(TrainingStart(start.spec, start.data, weights))
    assert same_arrays(before, weights)
    names = [check.name for check in checks]
    assert names == ["initial_loss", "overfit_one_batch", "learning_rate_range"]
    json.dumps([asdict(check) for check in checks], allow_nan=False)
    again = run_checks(TrainingStart(start.spec, start.data, weights))
    assert again == checks
