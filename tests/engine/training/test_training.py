import json
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import Column, NumericColumn
from engine.errors import DivergenceError, SpecError
from engine.specs import ResolvedSpec, TrainingSpec, dump
from engine.training.loop import TrainingState, train
from engine.training.progress import EpochRecord
from engine.training.training import Training
from tests.engine.examples import (
    array,
    draw,
    flower_columns,
    line_columns,
    numbers,
    prepared,
    same_arrays,
    start,
)


def flowers(**options: Any) -> Training:
    return start(TrainingSpec.model_validate({"target": "kind"} | options), flower_columns())


def number(record: EpochRecord, name: str) -> float:
    """Return a scalar metric."""
    value = record.metrics[name]
    assert isinstance(value, float)
    return value


def line(**options: Any) -> Training:
    return start(TrainingSpec.model_validate({"target": "y"} | options), line_columns())


def after(steps: int) -> Callable[[], bool]:
    """Return a stop function that is true after that many steps."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > steps

    return stop


XOR: dict[str, Column] = {
    "a": numbers(0, 0, 1, 1),
    "b": numbers(0, 1, 0, 1),
    "y": numbers(0, 1, 1, 0),
}


@pytest.mark.parametrize("batch_size", ["full", 1, 2])
def test_xor_is_learned(batch_size: object) -> None:
    spec = TrainingSpec.model_validate(
        {
            "target": "y",
            "task": "classification",
            "network": {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}]},
            "optimizer": {"type": "adam", "learning_rate": 0.05},
            "batch_size": batch_size,
            "epochs": 200,
            "validation": None,
        }
    )
    *_, last = train(start(spec, XOR))
    assert last.metrics["accuracy"] == 1
    assert last.loss < 0.05


@pytest.mark.parametrize("batch_size", ["full", 20])
def test_linear_regression_recovers_the_least_squares_solution(batch_size: object) -> None:
    columns = line_columns(noise=0.1 if batch_size == "full" else 0.0)
    spec = TrainingSpec.model_validate(
        {
            "target": "y",
            "network": {"layers": []},
            "preprocessing": {"target": "none"},
            "optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.5},
            "batch_size": batch_size,
            "epochs": 400,
            "validation": None,
            "dtype": "float64",
        }
    )
    resolved, data = prepared(spec, columns)
    training = Training(resolved, data)
    list(train(training))
    with_ones = np.column_stack([array(data.x), np.ones(60)])
    solution, *_ = np.linalg.lstsq(with_ones, array(data.y), rcond=None)
    weights = training.weights()
    np.testing.assert_allclose(weights["output.weight"], solution[:2], rtol=1e-8)
    np.testing.assert_allclose(weights["output.bias"], solution[2], rtol=1e-8)


def test_classes_are_learned_and_validated() -> None:
    training = flowers(epochs=60)
    records = list(train(training))
    assert [record.epoch for record in records] == list(range(60))
    assert records[-1].steps == training.steps_done == 60 * 3
    assert records[-1].loss < records[0].loss / 2
    assert number(records[-1], "validation_accuracy") > 0.85
    assert set(records[-1].metrics) == {"accuracy", "validation_accuracy"}
    assert training.reason == "completed"


def test_regression_reports_its_metrics() -> None:
    *_, last = train(line(epochs=100))
    names = {"rmse", "mae", "r2"}
    assert set(last.metrics) == names | {f"validation_{name}" for name in names}
    assert number(last, "validation_r2") > 0.9
    assert number(last, "mae") <= number(last, "rmse") < 8


@pytest.mark.parametrize("batch_size", ["full", 72, 1000])
def test_full_batch_is_one_step_per_epoch(batch_size: object) -> None:
    training = flowers(epochs=3, batch_size=batch_size)
    assert [record.steps for record in train(training)] == [1, 2, 3]


def test_batch_of_one_is_one_step_per_row() -> None:
    training = flowers(epochs=1, batch_size=1)
    assert [record.steps for record in train(training)] == [training.rows] == [72]


def test_epoch_loss_is_the_mean_over_rows_if_weights_do_not_change() -> None:
    still = {"type": "sgd", "learning_rate": 1e-300}
    (whole,) = train(line(optimizer=still, epochs=1, batch_size="full", dtype="float64"))
    (parts,) = train(line(optimizer=still, epochs=1, batch_size=7, dtype="float64"))
    assert parts.loss == pytest.approx(whole.loss, rel=1e-12)
    for name, value in whole.metrics.items():
        assert parts.metrics[name] == pytest.approx(value, rel=1e-9)


def test_loss_and_gradient_norm_by_hand() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 3), "y": numbers(0, 4)}
    spec = TrainingSpec.model_validate(
        {
            "target": "y",
            "network": {"layers": [], "output": {"initializer": {"type": "normal", "std": 1e-9}}},
            "preprocessing": {"numeric": "none", "target": "none"},
            "optimizer": {"type": "sgd", "learning_rate": 0.1},
            "batch_size": "full",
            "epochs": 1,
            "validation": None,
            "dtype": "float64",
        }
    )
    training = start(spec, columns)
    (record,) = train(training)
    assert record.loss == pytest.approx((0 + 16) / 2)
    gradient = [2 * (0 * 1 - 4 * 3) / 2, 2 * (0 - 4) / 2]
    assert record.gradient_norm == pytest.approx(math.hypot(*gradient))
    assert record.learning_rate == 0.1
    assert training.weights()["output.weight"].item() == pytest.approx(1.2)
    assert training.weights()["output.bias"].item() == pytest.approx(0.4)


def test_same_seed_same_bits_and_another_seed_not() -> None:
    one, same, other = (flowers(epochs=2, seed=seed) for seed in (1, 1, 2))
    assert list(train(one)) == list(train(same))
    assert same_arrays(one.weights(), same.weights())
    list(train(other))
    assert not same_arrays(one.weights(), other.weights())


def test_early_stopping_waits_for_patience_and_restores_the_best() -> None:
    fast = {"type": "adam", "learning_rate": 0.1}
    training = flowers(optimizer=fast, early_stopping={"patience": 3}, epochs=500)
    records = list(train(training))
    losses = [record.validation_loss or 0.0 for record in records]
    best = int(np.argmin(losses))
    assert training.reason == "early_stopping"
    assert len(records) == best + 1 + 3
    assert training.epochs_since_best == 3
    assert training.best is not None
    assert training.best["validation_loss"] == losses[best]
    until_best = flowers(optimizer=fast, epochs=best + 1)
    list(train(until_best))
    assert same_arrays(training.weights(), until_best.weights())


def test_latest_weights_without_restore_best() -> None:
    options = {"optimizer": {"type": "adam", "learning_rate": 0.1}}
    stopping = {"patience": 2, "restore_best": False}
    training = flowers(**options, early_stopping=stopping, epochs=500)
    epochs = len(list(train(training)))
    undisturbed = flowers(**options, epochs=epochs)
    list(train(undisturbed))
    assert same_arrays(training.weights(), undisturbed.weights())


def test_improvement_below_min_delta_counts_as_none() -> None:
    stopping = {"metric": "loss", "patience": 2, "min_delta": 1000.0}
    training = flowers(early_stopping=stopping, validation=None)
    assert len(list(train(training))) == 3
    assert training.reason == "early_stopping"


def test_reaching_the_last_epoch_is_completion() -> None:
    stopping = {"metric": "loss", "patience": 2, "min_delta": 1000.0}
    training = flowers(early_stopping=stopping, epochs=3)
    list(train(training))
    assert training.reason == "completed"
    assert list(train(training)) == []


def resumed(make: Callable[[], Training], stops: list[int]) -> tuple[Training, list[EpochRecord]]:
    """Stop after each number of steps, and resume in a new training from JSON and arrays."""
    training, records = make(), []
    for steps in stops:
        records += list(train(training, after(steps)))
        state = training.state()
        numbers_again = json.loads(json.dumps(state.numbers, allow_nan=False))
        assert all(array.flags.c_contiguous for array in state.arrays.values())
        training = make()
        training.restore(TrainingState(state.arrays, numbers_again))
    return training, records + list(train(training))


def test_a_state_from_before_weighted_metrics_is_resumed() -> None:
    columns = {**line_columns(), "w": numbers(*(n % 3 + 1 for n in range(60)))}
    spec = TrainingSpec.model_validate(
        {"target": "y", "features": ["a"], "sample_weight": "w", "metrics": ["mape", "rmse"]}
    )
    training, undisturbed = start(spec, columns), start(spec, columns)
    assert list(train(training, after(1))) == []
    state = training.state()
    arrays = dict(state.arrays)
    del arrays["tally.weights"], arrays["tally.values"]
    resumed_later = start(spec, columns)
    resumed_later.restore(TrainingState(arrays, state.numbers))
    assert [r.loss for r in train(resumed_later)] == [r.loss for r in train(undisturbed)]
    assert same_arrays(resumed_later.weights(), undisturbed.weights())


OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": {"type": "sgd", "momentum": 0.9}},
    {"optimizer": "adagrad"},
    {"optimizer": "adadelta"},
    {"optimizer": {"type": "rmsprop", "momentum": 0.5}},
    {"optimizer": {"type": "adam", "learning_rate": 0.05}},
    {"optimizer": "adamw"},
    {"optimizer": "amsgrad"},
    {"optimizer": "nadam"},
    {"optimizer": "lion"},
    {"optimizer": "lbfgs", "batch_size": "full"},
]
# Settings with state, or with randomness, between two steps.
EXTRAS: list[dict[str, Any]] = [
    {},
    {"metrics": "all"},
    {"schedule": {"type": "reduce_on_plateau", "patience": 0, "min_delta": 0.5}},
    {"schedule": {"type": "cosine", "warmup_epochs": 1.5}, "gradient_clip": {"type": "norm"}},
    {"network": {"layers": [{"type": "batch_normalization"}, {"type": "dense", "units": 5}]}},
    {"network": {"layers": [{"type": "dense", "units": 5, "l2": 0.01, "max_norm": 1.0}]}},
]
DROPOUT = {"network": {"layers": [{"type": "dense", "units": 8}, {"type": "dropout"}]}}


@settings(max_examples=80, deadline=None)
@given(
    stops=st.lists(st.integers(0, 8), min_size=1, max_size=3),
    optimizer=st.sampled_from(OPTIMIZERS),
    extra=st.sampled_from(EXTRAS),
    dtype=st.sampled_from(["float32", "float64"]),
    stopping=st.sampled_from([None, {"patience": 1}, {"patience": 2, "restore_best": False}]),
    target=st.sampled_from(["kind", "width"]),
)
def test_stopped_and_resumed_anywhere_ends_with_the_same_bits(
    stops: list[int],
    optimizer: dict[str, Any],
    extra: dict[str, Any],
    dtype: str,
    stopping: dict[str, Any] | None,
    target: str,
) -> None:
    options = {"dtype": dtype, "early_stopping": stopping, "epochs": 5, **optimizer, **extra}
    if "lbfgs" in optimizer.values():
        options |= {"gradient_clip": None, "network": {}}  # it takes neither clip nor max_norm
    assert_resumes_exactly(lambda: flowers(target=target, **options), stops)


@pytest.mark.parametrize("stops", [[1], [4, 3], [7]])
def test_dropout_is_the_same_after_a_stop(stops: list[int]) -> None:
    assert_resumes_exactly(lambda: flowers(epochs=5, **DROPOUT), stops)


def assert_resumes_exactly(make: Callable[[], Training], stops: list[int]) -> None:
    undisturbed = make()
    expected = list(train(undisturbed))
    training, records = resumed(make, stops)
    assert records == expected
    assert same_arrays(training.weights(), undisturbed.weights())
    assert same_arrays(training.state().arrays, undisturbed.state().arrays)
    assert training.state().numbers == undisturbed.state().numbers


def test_stop_is_called_before_each_step_and_position_is_reported() -> None:
    training = flowers()
    records = list(train(training, after(4)))
    assert len(records) == 1
    assert (training.epoch, training.step, training.steps_done) == (1, 1, 4)
    assert training.reason is None


def test_state_is_a_copy() -> None:
    training = flowers(epochs=2)
    state = training.state()
    before = {name: array.copy() for name, array in state.arrays.items()}
    list(train(training))
    assert same_arrays(state.arrays, before)


@pytest.mark.parametrize(
    "other", [{"dtype": "float64"}, {"optimizer": "sgd"}, {"network": {"layers": []}}]
)
def test_state_of_another_spec_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="this training has"):
        flowers().restore(flowers(**other).state())


def test_divergence_reports_its_location() -> None:
    training = line(optimizer={"type": "sgd", "learning_rate": 1000.0}, epochs=100, validation=None)
    with pytest.raises(DivergenceError) as raised:
        list(train(training))
    assert raised.value.layer in {"layers.0", "output"}
    assert (raised.value.epoch, raised.value.step) == (training.epoch, training.step)


def test_a_loss_that_overflows_is_divergence() -> None:
    wild = {"output": {"initializer": {"type": "normal", "std": 100.0}}}
    columns: dict[str, Column] = {
        "x": NumericColumn(draw(20) * 1e37),
        "y": NumericColumn(draw(20, seed=1)),
    }
    spec = TrainingSpec.model_validate(
        {"target": "y", "network": wild, "preprocessing": {"numeric": "none"}}
    )
    with pytest.raises(DivergenceError) as raised:
        next(train(start(spec, columns)))
    assert raised.value.step == 0


def test_a_validation_loss_that_overflows_is_divergence() -> None:
    spec, data = prepared(TrainingSpec(target="y", epochs=2), line_columns())
    array(data.x_validation)[:] = 1e30
    with pytest.raises(DivergenceError) as raised:
        next(train(Training(spec, data)))
    assert raised.value.layer == "output"


def test_a_step_allocates_nothing_that_grows_with_the_batch() -> None:
    columns: dict[str, Column] = {f"x{i}": NumericColumn(draw(5000, seed=i)) for i in range(50)}
    columns["y"] = NumericColumn(draw(5000, seed=99))
    training = start(TrainingSpec(target="y", validation=None, batch_size=1000), columns)
    list(train(training, after(7)))
    tracemalloc.start()
    list(train(training, after(2)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A batch of inputs takes 200,000 bytes. Only views, slices and the small fixed-size buffers
    # that NumPy casts through are allocated.
    assert peak < 50_000


def test_best_is_known_without_early_stopping() -> None:
    training = flowers(epochs=3)
    losses = [record.validation_loss for record in train(training)]
    assert training.best is not None
    assert training.best["validation_loss"] == min(value for value in losses if value is not None)
    assert flowers().best is None


def test_every_loss_can_be_trained() -> None:
    for loss in ("mean_absolute_error", "huber", "log_cosh", "quantile", "gaussian"):
        records = list(train(line(loss=loss, epochs=10, batch_size=8)))
        assert records[-1].loss < records[0].loss, loss


def test_penalty_is_reported_and_keeps_weights_small() -> None:
    def size(l2: float) -> float:
        layers = [{"type": "dense", "units": 8, "l2": l2}]
        training = flowers(network={"layers": layers}, epochs=10)
        *_, record = train(training)
        assert ("penalty" in record.metrics) == (l2 > 0)
        return float(np.abs(training.weights()["layers.0.weight"]).mean())

    assert size(0.1) < size(0.0)


def test_frozen_weights_stay_as_they_are() -> None:
    layers = [{"type": "dense", "units": 8, "frozen": True}]
    training = flowers(network={"layers": layers}, epochs=3)
    before = training.weights()
    list(train(training))
    after_all = training.weights()
    np.testing.assert_array_equal(after_all["layers.0.weight"], before["layers.0.weight"])
    assert not np.array_equal(after_all["output.weight"], before["output.weight"])


def test_learning_rate_follows_the_schedule() -> None:
    schedule = {"type": "exponential", "gamma": 0.5}
    records = list(train(flowers(schedule=schedule, epochs=3, batch_size="full")))
    assert [record.learning_rate for record in records] == pytest.approx([1e-3, 5e-4, 2.5e-4])


def test_caller_can_end_training() -> None:
    training = flowers()
    list(train(training, after(4)))
    training.end("time_budget")
    assert list(train(training)) == []
    assert training.reason == "time_budget"


def test_divergence_reports_the_last_loss() -> None:
    training = line(
        optimizer={"type": "sgd", "learning_rate": 100.0}, epochs=50, network={"layers": []}
    )
    with pytest.raises(DivergenceError, match="has non-finite values") as raised:
        list(train(training))
    assert raised.value.last_loss is not None


@pytest.mark.parametrize("seed", [1, 3])
def test_counts_are_learned_from_where_softplus_thinks_them_impossible(seed: int) -> None:
    """The first weights make logits of −100 and less, whose softplus is beyond float32."""
    random = np.random.default_rng(0)
    a = random.uniform(200, 300, 100)
    columns: dict[str, Column] = {
        "a": NumericColumn(a),
        "y": NumericColumn(random.poisson(a / 10).astype(np.float64)),
    }
    spec = TrainingSpec.model_validate(
        {
            "target": "y",
            "task": "regression",
            "loss": "poisson",
            "epochs": 10,
            "seed": seed,
            "network": {"layers": [], "output": {"activation": "softplus"}},
            "optimizer": {"type": "adam", "learning_rate": 0.05},
            "preprocessing": {"numeric": "none"},
        }
    )
    training = start(spec, columns)
    first = float(training.weights()["output.weight"][0, 0])
    assert first * 300 < -100
    losses = [record.loss for record in train(training)]
    assert losses[-1] < losses[0] / 10


LBFGS = {"optimizer": "lbfgs", "batch_size": "full"}


@pytest.mark.parametrize(
    "stored",
    [
        {"gradient_clip": {"type": "norm", "limit": 0.5}},
        {"network": {"layers": [{"type": "dense", "units": 5, "max_norm": 1.0}]}},
        {"network": {"layers": [{"type": "batch_normalization"}]}},
    ],
    ids=["clip", "max_norm", "batch normalization"],
)
def test_a_stored_job_of_lbfgs_runs_with_what_a_new_one_is_refused_for(
    stored: dict[str, Any],
) -> None:
    options = {"target": "kind", "epochs": 5, **stored}
    columns = flower_columns()
    with pytest.raises(SpecError, match="lbfgs"):
        prepared(TrainingSpec.model_validate(options | LBFGS), columns)
    accepted, data = prepared(TrainingSpec.model_validate(options), columns)
    spec = ResolvedSpec.model_validate(
        dump(accepted) | LBFGS | {"gradient_clip": stored.get("gradient_clip")}
    )
    losses = [record.loss for record in train(Training(spec, data))]
    assert len(losses) == 5
    assert losses[-1] < losses[0]
