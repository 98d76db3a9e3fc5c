"""Folds have the properties of scikit-learn's, and their metrics are recomputed from the rows."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import CategoricalColumn, Column, MemoryTable, NumericColumn
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import train
from tests.engine.examples import array, describe

sklearn = pytest.importorskip(
    "sklearn.model_selection",
    reason="reference tests need scikit-learn: ./run test --all",
    exc_type=ImportError,
)
metrics = pytest.importorskip("sklearn.metrics", exc_type=ImportError)

SEEDS = range(12)


def random_table(seed: int) -> tuple[dict[str, Column], int]:
    """Return rows with classes, numbers, groups and distinct times, and a number of folds."""
    random = np.random.default_rng(seed)
    rows, folds = int(random.integers(40, 200)), int(random.integers(2, 7))
    classes = np.concatenate(([0, 1, 2], random.integers(0, 3, rows - 3))).astype(np.int32)
    groups = random.integers(0, 3 * folds, rows) ** 2 // (2 * folds)
    return {
        "row": NumericColumn(np.arange(float(rows))),
        "kind": CategoricalColumn(classes, ("a", "b", "c")),
        "size": NumericColumn(random.standard_normal(rows)),
        "group": NumericColumn(groups.astype(float)),
        "time": NumericColumn(random.permutation(rows).astype(float)),
    }, folds


def resolved(columns: dict[str, Column], **options: Any) -> ResolvedSpec:
    asked = {
        "target": "kind",
        "features": ["row"],
        "preprocessing": {"numeric": "none"},
        "epochs": 2,
        "dtype": "float64",
        **options,
    }
    return resolve(TrainingSpec.model_validate(asked), describe(columns)).spec


def rows_of(x: Any) -> Indices:
    return array(x)[:, 0].astype(np.intp)


def our_folds(columns: dict[str, Column], seed: int, **options: Any) -> list[tuple[Any, Any]]:
    """Return training and validation rows of each fold."""
    spec = resolved(columns, seed=seed, **options)
    assert spec.validation is not None
    data = [prepare(spec, MemoryTable(columns), fold=n) for n in range(spec.validation.networks)]  # type: ignore[union-attr]
    return [(rows_of(each.x), rows_of(each.x_validation)) for each in data]


def values(columns: dict[str, Column], name: str) -> NDArray[Any]:
    column = columns[name]
    return column.values if isinstance(column, NumericColumn) else column.codes


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("target", ["kind", "size"])
def test_folds_differ_by_one_row_at_most_in_total_and_per_class(seed: int, target: str) -> None:
    columns, folds = random_table(seed)
    repeats = 1 + seed % 3
    found = our_folds(columns, seed, target=target, validation={"folds": folds, "repeats": repeats})
    rows = len(values(columns, "row"))
    for repeat in range(repeats):
        validated = [rows for _, rows in found[repeat * folds : (repeat + 1) * folds]]
        assert sorted(np.concatenate(validated)) == list(range(rows))
        assert np.ptp([len(fold) for fold in validated]) <= 1
        if target == "kind":
            classes = values(columns, "kind")
            counts = np.array([np.bincount(classes[fold], minlength=3) for fold in validated])
            assert np.ptp(counts, axis=0).max() <= 1
    for training, validated_rows in found:
        assert len(training) + len(validated_rows) == rows


@pytest.mark.parametrize("seed", SEEDS)
def test_group_folds_of_numbers_are_as_large_as_those_of_group_k_fold(seed: int) -> None:
    columns, folds = random_table(seed)
    groups = values(columns, "group")
    if len(set(groups)) < folds:
        folds = len(set(groups))
    validation = {"folds": folds, "group_by": "group"}
    found = our_folds(columns, seed, target="size", validation=validation)
    for training, validated in found:
        assert not set(groups[training]) & set(groups[validated])
    expected = sklearn.GroupKFold(folds).split(groups, groups=groups)
    sizes = Counter(len(validated) for _, validated in found)
    assert sizes == Counter(len(validated) for _, validated in expected)


def unevenness(folds: list[tuple[Any, Any]], classes: NDArray[Any]) -> float:
    """Return the mean deviation of each class's share over the folds."""
    counts = np.array([np.bincount(classes[rows], minlength=3) for _, rows in folds])
    return float(np.std(counts / np.bincount(classes), axis=0).mean())


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_group_folds_of_classes_are_as_even_as_those_of_stratified_group_k_fold() -> None:
    ours, theirs = [], []
    for seed in range(40):
        columns, folds = random_table(seed)
        classes, groups = values(columns, "kind"), values(columns, "group")
        folds = min(folds, len(set(groups)))
        found = our_folds(columns, seed, validation={"folds": folds, "group_by": "group"})
        for training, validated in found:
            assert not set(groups[training]) & set(groups[validated])
        ours.append(unevenness(found, classes))
        drawn = sklearn.StratifiedGroupKFold(folds).split(classes, classes, groups)
        theirs.append(unevenness(list(drawn), classes))
    assert np.mean(ours) <= np.mean(theirs)


@pytest.mark.parametrize("seed", SEEDS)
def test_folds_in_order_of_distinct_times_are_those_of_time_series_split(seed: int) -> None:
    columns, folds = random_table(seed)
    found = our_folds(columns, seed, validation={"folds": folds, "order_by": "time"})
    in_order = np.argsort(values(columns, "time"))
    expected = sklearn.TimeSeriesSplit(folds).split(in_order)
    for (training, validated), (before, block) in zip(found, expected, strict=True):
        assert set(training) == set(in_order[before])
        assert set(validated) == set(in_order[block])


@pytest.mark.parametrize("seed", SEEDS[:4])
@pytest.mark.parametrize("split", [{}, {"repeats": 2}, {"group_by": "group"}, {"order_by": "time"}])
def test_metrics_of_folds_and_test_rows_are_recomputed_from_the_rows(
    seed: int, split: dict[str, Any]
) -> None:
    columns, _ = random_table(seed)
    spec = resolved(
        columns,
        features=["size", "time"],
        preprocessing={},
        metrics=["accuracy", "f1", "log_loss"],
        validation={"folds": 2, **split},
        test={"fraction": 0.2},
        seed=seed,
    )
    opened: list[PreparedData] = []

    def prepare_fold(fold: int | None) -> PreparedData:
        opened.append(prepare(spec, MemoryTable(columns), fold=fold))
        return opened[-1]

    training = FoldedTraining(spec, prepare_fold)
    computed: list[dict[str, float]] = []

    def stop() -> bool:
        # Before each step: the probabilities of a fold are those of its last step.
        current = training._current
        if current.reason is not None and len(computed) < len(opened):
            data = opened[-1]
            computed.append(recompute(training, data.x_validation, data.y_validation))
        return False

    list(train(training, stop))
    found = training.cross_validation
    assert found is not None
    assert len(computed) == found.folds
    for name, summary in found.metrics.items():
        expected = [each[name] for each in computed]
        np.testing.assert_allclose(summary["values"], expected, rtol=1e-9)
        assert summary["mean"] == pytest.approx(np.mean(expected))
        assert summary["std"] == pytest.approx(np.std(expected))
    test = opened[-1].test
    assert test is not None
    assert training.test_metrics() == pytest.approx(recompute(training, test.x, test.y))


def recompute(training: FoldedTraining, x: Any, y: Any) -> dict[str, float]:
    """Return the metrics of the current weights as scikit-learn computes them."""
    logits = training._current._loop.network.predict(array(x))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    labels, chosen = array(y), probabilities.argmax(axis=1)
    loss = metrics.log_loss(labels, probabilities, labels=[0, 1, 2])
    return {
        "loss": loss,
        "log_loss": loss,
        "accuracy": metrics.accuracy_score(labels, chosen),
        "f1": metrics.f1_score(labels, chosen, average="macro"),
    }
