"""Divergence with `on_divergence`: back to a good epoch's end, lower rate, go on."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import numpy as np
import pytest

from engine.data.split_arrays import Batch
from engine.data.table import Column, MemoryTable, NumericColumn
from engine.errors import DivergenceError
from engine.metrics import MetricAccumulator
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.specs import OptimizerName, ResolvedSpec, TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingState, train
from engine.training.progress import Progress
from engine.training.train_step import TrainStep
from engine.training.training import Training
from tests.engine.examples import draw, line_columns, prepared, same_arrays

EPOCHS = 5
# Steps per epoch of 60 rows without validation rows.
STEPS = 4


def make(**options: Any) -> tuple[ResolvedSpec, PreparedData]:
    request = {
        "target": "y",
        "epochs": EPOCHS,
        "batch_size": 16,
        "validation": None,
        "network": {"layers": [{"type": "dense", "units": 4, "activation": "tanh"}]},
        "on_divergence": {},
        **options,
    }
    return prepared(TrainingSpec.model_validate(request), line_columns())


@contextmanager
def diverging(epoch: int, step: int, times: int) -> Iterator[None]:
    """Let the first `times` tries of a step diverge, after it has changed the weights."""
    run = TrainStep.run

    def run_or_diverge(
        self: TrainStep,
        batch: Batch,
        progress: Progress,
        tally: MetricAccumulator,
        *,
        is_last: bool,
        abandon: Callable[[], bool],
    ) -> None:
        at = (progress.epoch, progress.step, progress.restores)
        run(self, batch, progress, tally, is_last=is_last, abandon=abandon)
        if at[:2] == (epoch, step) and at[2] < times:
            self.network.parameters[:] = np.nan
            progress.step = step
            raise self.divergence(progress, "output")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainStep, "run", run_or_diverge)
        yield


def finish(training: Training) -> list[float]:
    return [record.loss for record in train(training)]


def resumed(spec: ResolvedSpec, data: PreparedData, state: TrainingState) -> Training:
    training = Training(spec, data)
    training.restore(state)
    return training


@pytest.mark.parametrize("optimizer", get_args(OptimizerName))
def test_training_goes_on_from_the_last_epochs_end_with_a_lower_rate(
    optimizer: OptimizerName,
) -> None:
    batch: dict[str, Any] = {"batch_size": "full"} if optimizer == "lbfgs" else {}
    step = 0 if batch else 2
    spec, data = make(optimizer=optimizer, **batch)
    undisturbed = Training(spec, data)
    expected = [undisturbed.run_epoch() for _ in range(2)]
    state = undisturbed.state()
    state.numbers["schedule"] = {"scale": 0.25}
    continued = resumed(spec, data, state)
    training = Training(spec, data)
    with diverging(2, step, times=2):
        records = list(train(training))
    assert records == expected + list(train(continued))
    assert same_arrays(training.weights(), continued.weights())
    assert training.steps_done == continued.steps_done
    assert [record.epoch for record in records] == list(range(EPOCHS))
    rate = spec.optimizer.learning_rate
    assert records[-1].learning_rate == 0.25 * rate
    assert [(r.epoch, r.step, r.epochs, r.number) for r in training.restores] == [
        (2, step, 2, 1),
        (2, step, 2, 2),
    ]
    assert [(r.old_rate, r.new_rate) for r in training.restores] == [
        (rate, rate / 2),
        (rate / 2, rate / 4),
    ]


@pytest.mark.parametrize(
    "schedule", ["cosine", "reduce_on_plateau", {"type": "step", "warmup_epochs": 1.0}]
)
def test_the_rates_of_every_schedule_are_scaled(schedule: Any) -> None:
    spec, data = make(schedule=schedule)
    plain = [record.learning_rate for record in train(Training(spec, data))]
    with diverging(1, 0, times=1):
        scaled = [record.learning_rate for record in train(Training(spec, data))]
    assert scaled == [plain[0], *(rate / 2 for rate in plain[1:])]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "nadam", "early_stopping": {"metric": "loss", "patience": 3}},
        {
            "network": {
                "layers": [
                    {"type": "dense", "units": 4},
                    {"type": "batch_normalization"},
                    {"type": "dropout"},
                ]
            },
            "schedule": "reduce_on_plateau",
        },
    ],
    ids=["adam", "nadam, best kept", "running statistics"],
)
def test_a_training_interrupted_between_two_tries_computes_the_same_bits(
    options: dict[str, Any],
) -> None:
    spec, data = make(**options)
    with diverging(2, 2, times=2):
        whole = Training(spec, data)
        losses = finish(whole)
        cut, found, seen = Training(spec, data), {}, set()
        for _ in range(10 * EPOCHS * STEPS):
            if cut.reason is not None:
                break
            calls = iter(range(2))
            for record in train(cut, stop=lambda: next(calls) == 1):  # noqa: B023 - not kept
                found[record.epoch] = record.loss
                break
            cut = resumed(spec, data, cut.state())
            seen.add(cut.state().numbers["restores"])
    assert seen == {0, 1, 2}
    assert list(found.values()) == losses
    assert same_arrays(cut.state().arrays, whole.state().arrays)
    assert cut.state().numbers == whole.state().numbers


def test_the_tries_end_with_the_divergence() -> None:
    spec, data = make(on_divergence={"scale_rate": 0.1, "tries": 2})
    training = Training(spec, data)
    with diverging(1, 1, times=99), pytest.raises(DivergenceError) as caught:
        finish(training)
    assert (caught.value.epoch, caught.value.restores) == (1, 2)
    assert caught.value.learning_rate == pytest.approx(0.01 * spec.optimizer.learning_rate)
    (finding,) = [f for f in training.findings if f.code == "restored_after_divergence"]
    assert "with a learning rate of 0.0001 instead of 0.001" in finding.detail
    assert "1 of 2 tries" in finding.detail


def test_a_divergence_before_the_first_good_epoch_returns_to_the_initial_weights() -> None:
    spec, data = make()
    training, initial = Training(spec, data), Training(spec, data).weights()
    with diverging(0, 3, times=1):
        assert training.run_epoch(stop=lambda: bool(training.restores)) is None
    assert same_arrays(training.weights(), initial)
    assert training.steps_done == 0


def test_without_a_rule_a_divergence_ends_the_training() -> None:
    spec, data = make(on_divergence=None)
    training = Training(spec, data)
    assert not any(name.startswith("good.") for name in training.state().arrays)
    with diverging(1, 1, times=1), pytest.raises(DivergenceError):
        finish(training)


def test_epochs_whose_loss_has_exploded_are_trained_again() -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn(draw(60)),
        "y": NumericColumn(2 * draw(60) + 1),
    }
    request = {
        "target": "y",
        "epochs": 30,
        "batch_size": "full",
        "validation": None,
        "network": {"layers": []},
        "optimizer": {"type": "sgd", "learning_rate": 100.0},
        "on_divergence": {"scale_rate": 0.001, "tries": 1},
        "early_stopping": {"metric": "loss", "patience": 30},
    }
    training = Training(*prepared(TrainingSpec.model_validate(request), columns))
    epochs = [(record.epoch, record.loss) for record in train(training)]
    (restore,) = training.restores
    assert restore.epoch > restore.epochs + 3
    assert [epoch for epoch, _ in epochs] == [*range(restore.epoch), *range(restore.epochs, 30)]
    assert training.steps_done == 30
    assert epochs[-1][1] == min(loss for _, loss in epochs)
    assert training.best is not None
    assert training.best["loss"] == epochs[-1][1]


def test_each_fold_has_its_own_tries() -> None:
    request = {
        "target": "y",
        "epochs": 2,
        "batch_size": 16,
        "validation": {"folds": 2},
        "on_divergence": {"tries": 1},
    }
    columns = line_columns()
    spec, _ = prepared(TrainingSpec.model_validate(request), columns)
    training = FoldedTraining(spec, lambda fold: prepare(spec, MemoryTable(columns), fold=fold))
    with diverging(1, 0, times=1):
        for _ in train(training):
            pass
    # 30 rows per fold are two steps per epoch, all 60 rows four.
    assert [(r.fold, r.steps, r.number) for r in training.restores] == [
        (0, 2, 1),
        (1, 4 + 2, 1),
        (None, 8 + 4, 1),
    ]
    found = [f for f in training.findings if f.code == "restored_after_divergence"]
    assert [f.pointer for f in found] == ["/on_divergence", "/validation"]
    assert "first in fold 1 of 2: epoch 1 diverged in step" in found[1].detail


def test_a_trial_of_another_rate_is_not_restored() -> None:
    spec, data = make(on_divergence={"tries": 100}, on_finding="stop")
    training = Training(spec, data)
    training.restart(0.01)
    with diverging(1, 1, times=1), pytest.raises(DivergenceError):
        finish(training)
    assert math.isclose(training.learning_rate, 0.01)
