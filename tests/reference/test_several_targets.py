"""Several targets against PyTorch and scikit-learn, on random tables and networks by seed."""

from typing import Any, get_args

import numpy as np
import pytest

from engine.arrays import Floats
from engine.data.split_arrays import SplitArrays
from engine.data.table import ColumnKind, ColumnSchema, TableSchema
from engine.losses.build import build_loss
from engine.metrics import Metric, build_accumulator
from engine.metrics.labels import COUNT_METRICS, RANKING_METRICS
from engine.network import build_network, initialize_network
from engine.optimizers.build import build_optimizer
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
)
from engine.resolution.resolve import resolve
from engine.specs import MetricName, NumberMetric, ResolvedOutput, ResolvedSpec, TrainingSpec
from tests.reference.test_metrics import Weights, draw_weights

sk = pytest.importorskip(
    "sklearn.metrics",
    reason="reference tests need scikit-learn: ./run test --all",
    exc_type=ImportError,
)

SEEDS = range(20)
LABEL_METRICS: tuple[MetricName, ...] = (*COUNT_METRICS, "subset_accuracy", *RANKING_METRICS)
NUMBER_METRICS: tuple[NumberMetric, ...] = get_args(NumberMetric)


def ours(
    names: tuple[MetricName, ...], target: FittedTarget, outputs: Floats, split: SplitArrays
) -> dict[str, Metric]:
    """Return the metrics of a pass in batches of 17 rows."""
    output = ResolvedOutput(units=outputs.shape[1], activation="sigmoid")
    tally = build_accumulator(names, target, split, output)
    for start in range(0, len(split), 17):
        rows = slice(start, start + 17)
        tally.update(0.0, outputs[rows], split.read(rows))
    return tally.result()


def assert_equal(found: Metric | None, expected: Any, name: str) -> None:
    """Compare numbers or lists of them; NaN and None are undefined."""
    value: Any = found
    if isinstance(found, list):
        value = [np.nan if one is None else one for one in found]
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-14, err_msg=name)


def average_of_labels(metric: Any, y: Floats, scores: Floats, present: Any, **how: Any) -> Any:
    """Return the metric of each label, NaN where it is undefined, and scikit-learn's mean."""
    listed = np.full(y.shape[1], np.nan)
    listed[present] = metric(y[:, present], scores[:, present], average=None, **how)
    mean = metric(y[:, present], scores[:, present], average="macro", **how)
    return listed, mean


@pytest.mark.parametrize("names", [(*COUNT_METRICS, "subset_accuracy"), LABEL_METRICS])
@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_labels(seed: int, names: tuple[MetricName, ...]) -> None:
    random = np.random.default_rng(seed)
    rows, labels = int(random.integers(30, 80)), int(random.integers(2, 6))
    p = random.random((rows, labels)).round(int(random.choice([1, 2, 8])))
    y = (random.random((rows, labels)) < random.random(labels)).astype(np.float64)
    y[0] = 1  # every label but perhaps one has positive rows of positive weight
    y[1:3, 1:], y[:, 0] = 0, 0 if seed % 4 == 0 else y[:, 0]
    weights = draw_weights(random, rows)
    split = SplitArrays(np.empty((rows, 0)), y, sample_weights=weights)
    target = LabelTargets(tuple(ClassTarget(f"y{i}", (0, 1)) for i in range(labels)))
    found = ours(names, target, p, split)
    for name, value in of_labels(y, p, weights).items():
        if name.removesuffix("_per_label") in names:
            assert_equal(found[name], value, name)


def of_labels(y: Floats, p: Floats, weights: Weights) -> dict[str, Any]:
    """Return scikit-learn's metrics of the rows of positive weight."""
    if weights is not None:
        y, p, weights = y[weights > 0], p[weights > 0], weights[weights > 0]
    predicted, weighted = (p > 0.5).astype(float), {"sample_weight": weights}
    columns = list(zip(y.T, predicted.T, strict=True))
    accuracies = [sk.accuracy_score(a, b, **weighted) for a, b in columns]
    losses = [sk.log_loss(a, b, labels=[0, 1], **weighted) for a, b in zip(y.T, p.T, strict=True)]
    expected: dict[str, Any] = {
        "accuracy_per_label": accuracies,
        "accuracy": 1 - sk.hamming_loss(y, predicted, **weighted),
        "subset_accuracy": sk.accuracy_score(y, predicted, **weighted),
        "log_loss_per_label": losses,
        "log_loss": np.mean(losses),
    }
    positive, both = y.any(axis=0), y.any(axis=0) & ~y.all(axis=0)
    for name, metric, scores, present, how in [
        ("precision", sk.precision_score, predicted, positive, {"zero_division": 0}),
        ("recall", sk.recall_score, predicted, positive, {}),
        ("f1", sk.f1_score, predicted, positive, {}),
        ("roc_auc", sk.roc_auc_score, p, both, {}),
        ("pr_auc", sk.average_precision_score, p, both, {}),
    ]:
        if present.sum() < 2:  # scikit-learn takes a single column for classes
            continue
        listed, mean = average_of_labels(metric, y, scores, present, **weighted, **how)
        expected |= {f"{name}_per_label": listed, name: mean}
    return expected


@pytest.mark.parametrize("names", [("mse", "rmse", "mae", "r2"), NUMBER_METRICS])
@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_numbers(seed: int, names: tuple[NumberMetric, ...]) -> None:
    random = np.random.default_rng(seed)
    rows, count = int(random.integers(5, 80)), int(random.integers(2, 6))
    outputs, y = random.standard_normal((2, rows, count))
    targets = tuple(
        NumericTarget(f"y{i}", center=random.normal(), scale=10.0 ** random.integers(-3, 4))
        for i in range(count)
    )
    own = [
        np.stack([t.to_own_unit(v[:, i]) for i, t in enumerate(targets)], axis=1)
        for v in (outputs, y)
    ]
    weights = draw_weights(random, rows)
    split = SplitArrays(np.empty((rows, 0)), y, sample_weights=weights, values=own[1])
    found = ours(names, NumericTargets(targets), outputs, split)
    functions = {
        "mse": sk.mean_squared_error,
        "rmse": sk.root_mean_squared_error,
        "mae": sk.mean_absolute_error,
        "r2": sk.r2_score,
        "mape": sk.mean_absolute_percentage_error,
        "explained_variance": sk.explained_variance_score,
    }
    for name in names:
        values = (own[1], own[0])
        means = {"sample_weight": weights, "multioutput": "uniform_average"}
        listed = functions[name](*values, **{**means, "multioutput": "raw_values"})
        assert_equal(found[f"{name}_per_target"], listed, name)
        assert_equal(found[name], functions[name](*values, **means), name)


ROWS, FEATURES, STEPS = 60, 5, 20
NUMBERS = ("mean_squared_error", "half_squared_error", "mean_absolute_error", "gaussian", "huber")


def resolved(kind: ColumnKind, targets: int, loss: str) -> ResolvedSpec:
    columns = [ColumnSchema(f"x{i}", "numeric", 0, None) for i in range(FEATURES)]
    distinct = 2 if kind == "boolean" else None
    columns += [ColumnSchema(f"y{i}", kind, 0, distinct) for i in range(targets)]
    request = {
        "target": [f"y{i}" for i in range(targets)],
        "network": {"layers": [{"type": "dense", "units": 7, "activation": "tanh"}]},
        "optimizer": {"type": "adam", "learning_rate": 0.01},
        "loss": loss,
        "dtype": "float64",
        "validation": None,
    }
    return resolve(TrainingSpec.model_validate(request), TableSchema(ROWS, tuple(columns))).spec


@pytest.mark.parametrize("loss", [*NUMBERS, "binary_cross_entropy"])
@pytest.mark.parametrize("targets", [2, 4])
def test_twenty_steps_end_in_pytorchs_weights(loss: str, targets: int) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: ./run test --all")
    spec = resolved("boolean" if loss == "binary_cross_entropy" else "numeric", targets, loss)
    network = build_network(spec.network, FEATURES, np.dtype(np.float64))
    initialize_network(network, spec.seed)
    criterion = build_loss(spec.loss, spec.network.output, np.dtype(np.float64))
    update = build_optimizer(spec.optimizer, network.trained, network.gradients, lambda: 0.0)
    theirs = {name: torch.from_numpy(w.copy()) for name, w in network.named_parameters().items()}
    for weight in theirs.values():
        weight.requires_grad_()
    their_update = torch.optim.Adam(theirs.values(), lr=0.01)
    random = np.random.default_rng(targets)
    for step in range(1, STEPS + 1):
        x, y = random.normal(size=(ROWS, FEATURES)), random.normal(size=(ROWS, targets))
        y = (y > 0).astype(float) if loss == "binary_cross_entropy" else y
        value = criterion.forward(network.forward(x), y)
        network.backward(criterion.backward())
        update.update(0.01, step)
        their_update.zero_grad()
        hidden = torch.tanh(
            torch.from_numpy(x) @ theirs["layers.0.weight"] + theirs["layers.0.bias"]
        )
        z = hidden @ theirs["output.weight"] + theirs["output.bias"]
        their_value = torch_loss(torch, loss, z, torch.from_numpy(y))
        their_value.backward()
        their_update.step()
        assert value == pytest.approx(their_value.item(), rel=1e-9)
    for name, weight in network.named_parameters().items():
        expected = theirs[name].detach().numpy()
        np.testing.assert_allclose(weight, expected, rtol=1e-8, atol=1e-11, err_msg=name)


def torch_loss(torch: Any, name: str, z: Any, y: Any) -> Any:
    """Return the mean over rows of the loss, the mean over targets."""
    functional = torch.nn.functional
    match name:
        case "binary_cross_entropy":
            return functional.binary_cross_entropy_with_logits(z, y)
        case "half_squared_error":
            return functional.mse_loss(z, y) * y.shape[1] / 2
        case "mean_absolute_error":
            return functional.l1_loss(z, y)
        case "huber":
            return functional.huber_loss(z, y)
        case "gaussian":
            means, log_variances = z.chunk(2, dim=1)
            return functional.gaussian_nll_loss(means, y, log_variances.exp(), eps=1e-300)
        case _:
            return functional.mse_loss(z, y)
