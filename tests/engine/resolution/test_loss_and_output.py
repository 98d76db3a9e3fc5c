"""Compatibility of losses, output activations and tasks."""

import pytest

from tests.engine.resolution.requests import ask, output, problems


@pytest.mark.parametrize(
    ("target", "loss", "activation", "units"),
    [
        ("open", "cross_entropy", "softmax", 2),
        ("open", "binary_cross_entropy", "sigmoid", 1),
        ("open", "half_squared_error", "sigmoid", 1),
        ("open", "hinge", "linear", 2),
        ("color", "binary_cross_entropy", "sigmoid", 3),
        ("color", "hinge", "linear", 3),
        ("color", "quantile", "softmax", 3),
        ("count", "poisson", "exponential", 1),
        ("size", "gaussian", "linear", 2),
        ("size", "huber", "linear", 1),
    ],
)
def test_output_follows_the_loss(target: str, loss: str, activation: str, units: int) -> None:
    output = ask(target, loss=loss).spec.network.output
    assert (output.activation, output.units) == (activation, units)


@pytest.mark.parametrize(
    ("target", "activation", "loss", "units"),
    [
        ("color", "softmax", "cross_entropy", 3),
        ("open", "softmax", "cross_entropy", 2),
        ("color", "sigmoid", "binary_cross_entropy", 3),
        ("open", "linear", "mean_squared_error", 2),
        ("open", "exponential", "mean_squared_error", 2),
        ("size", "linear", "mean_squared_error", 1),
        ("size", "sigmoid", "mean_squared_error", 1),
        ("size", "softplus", "mean_squared_error", 1),
        ("count", "exponential", "poisson", 1),
    ],
)
def test_loss_follows_the_output(target: str, activation: str, loss: str, units: int) -> None:
    spec = ask(target, network=output(activation)).spec
    assert (spec.loss.type, spec.network.output.units) == (loss, units)


REFUSED = {
    "cross_entropy": ("linear", "softplus", "exponential"),
    "binary_cross_entropy": ("linear", "softplus", "exponential"),
    "hinge": ("softmax", "sigmoid", "softplus", "exponential"),
    "poisson": ("softmax", "sigmoid", "linear"),
    "gaussian": ("softmax", "sigmoid", "softplus", "exponential"),
}


@pytest.mark.parametrize(
    ("loss", "activation"), [(loss, name) for loss, names in REFUSED.items() for name in names]
)
def test_incompatible_loss_and_output_are_refused(loss: str, activation: str) -> None:
    target = "count" if loss in {"poisson", "gaussian"} else "color"
    found = problems(target, loss=loss, network=output(activation))
    assert ("/loss", "loss_and_output") in found


@pytest.mark.parametrize(
    ("target", "loss"),
    [
        ("size", "cross_entropy"),
        ("size", "binary_cross_entropy"),
        ("size", "hinge"),
        ("open", "poisson"),
        ("color", "gaussian"),
    ],
)
def test_losses_of_the_other_task_are_refused(target: str, loss: str) -> None:
    assert problems(target, loss=loss) == {("/loss", "loss_and_task")}


@pytest.mark.parametrize(
    ("loss", "activation", "reason"),
    [
        ("mean_squared_error", "softmax", "confidently misclassified; cross_entropy"),
        ("huber", "sigmoid", "confidently misclassified; binary_cross_entropy"),
        ("mean_absolute_error", "linear", "not probabilities"),
        ("cross_entropy", "sigmoid", "sigmoid outputs do not lower each other"),
        ("binary_cross_entropy", "softmax", "as independent"),
    ],
)
def test_unusual_pairs_are_reported(loss: str, activation: str, reason: str) -> None:
    resolution = ask("color", loss=loss, network=output(activation))
    (finding,) = [f for f in resolution.findings if f.code == "unusual_loss"]
    assert (finding.level, finding.pointer) == ("warning", "/loss")
    assert reason in finding.detail


def test_cross_entropy_on_sigmoids_has_one_unit_per_class() -> None:
    spec = ask("open", loss="cross_entropy", network=output("sigmoid")).spec
    assert spec.network.output.units == 2


@pytest.mark.parametrize(
    ("target", "activation", "scaling"),
    [
        ("size", "linear", "standardize"),
        ("size", "softplus", "none"),
        ("count", "exponential", "none"),
    ],
)
def test_only_a_linear_output_has_its_target_scaled(
    target: str, activation: str, scaling: str
) -> None:
    spec = ask(target, network=output(activation)).spec
    assert spec.preprocessing.target == scaling
