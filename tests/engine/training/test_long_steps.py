"""Steps in chunks, and abandoned steps, over every layer, optimizer, loss and preprocessing."""

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest

from engine.data.split_arrays import Batch
from engine.explain.gradient_check.check_gradients import check_gradients
from engine.explain.trace_step import trace_step
from engine.layers.build import build_layers
from engine.layers.chunks import (
    TRAINING_ROWS,
    chunk_rows,
    split_rows,
    training_chunk_rows,
)
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, TrainingState, train
from engine.training.progress import EpochRecord
from engine.training.step_inputs import state_arrays
from engine.training.training import Training
from tests.engine.examples import network_spec, same_arrays
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

SPECS = read_specs()
# Schedules and preprocessing change nothing within a step.
NAMES = [name for name in SPECS if name.startswith(("layer-", "optimizer-"))]
NAMES += [
    "folds",
    "wide",
    "full_batch",
    "clip_by_norm",
    "early_stopping",
    "metrics_of_classes",
    "test_rows",
]
PLAIN = [name for name in NAMES if name != "folds"]
LOSSES = [name for name in SPECS if name.startswith("loss-")]
LOSSES += ["sample_weight", "class_weight", "reconstruction", "several_numbers", "several_labels"]
# Few enough that the batches of all specs are split.
CHUNK = 13


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split batches of more than CHUNK rows, and let every step be a long one."""

    def rows(*arguments: Any) -> int | None:
        return None if training_chunk_rows(*arguments) is None else CHUNK

    monkeypatch.setattr("engine.training.batch_pass.training_chunk_rows", rows)
    monkeypatch.setattr("engine.training.batch_pass._LEAST_NUMBERS", 0)
    monkeypatch.setattr("engine.training.validation.chunk_rows", lambda *_: CHUNK)


small_chunks = pytest.mark.usefixtures("_small_chunks")


def make(spec: ResolvedSpec) -> TrainingProtocol:
    def prepare_fold(fold: int | None) -> PreparedData:
        return prepare(spec, make_table(), fold=fold)

    if "folds" in repr(spec.validation):
        return FoldedTraining(spec, prepare_fold)
    return Training(spec, prepare(spec, make_table()))


def finish(training: TrainingProtocol) -> list[EpochRecord]:
    return list(train(training))


class Asked:
    """Counts how often it is asked, and abandons at one time."""

    def __init__(self, at: int = -1) -> None:
        self.times, self._at = 0, at

    def __call__(self) -> bool:
        self.times += 1
        return self.times == self._at


def filled(state: TrainingState) -> dict[str, Any]:
    """Return the arrays of a state; of buffered rows only those of the pass so far."""
    rows = int(cast("dict[str, Any]", state.numbers.get("training", state.numbers))["sums"]["rows"])
    return {
        name: array[:rows] if name.startswith("tally.") else array
        for name, array in state.arrays.items()
    }


@small_chunks
@pytest.mark.parametrize("name", NAMES)
def test_an_abandoned_step_leaves_the_state_as_it_was(name: str) -> None:
    counting, undisturbed = Asked(), make(SPECS[name])
    records = list(train(undisturbed, abandon=counting))
    assert counting.times > undisturbed.steps_done > 0
    training, found = make(SPECS[name]), list[EpochRecord]()
    # Prime, so that the places of all chunks, layers and evaluations are met.
    for at in (1, 2, 3, 5, 7, 11, 17, 23, 31, 41, 53, 67, 83, 101):
        asked, before = Asked(at), None

        def stop(training: TrainingProtocol = training) -> bool:
            # The state before the step that is abandoned.
            nonlocal before
            before = training.state()
            return False

        found += train(training, stop, asked)
        if training.reason is not None:
            break
        assert asked.times == at
        after = training.state()
        if before is not None and _place(after) == _place(before):
            assert same_arrays(filled(after), filled(before))
    found += finish(training)
    assert found == records
    assert same_arrays(training.weights(), undisturbed.weights())


def _place(state: TrainingState) -> tuple[int, int]:
    """Return the completed folds, and the steps of the current network."""
    numbers = cast("dict[str, Any]", state.numbers.get("training", state.numbers))
    return int(state.numbers.get("done", 0)), int(numbers["steps_done"])


@small_chunks
@pytest.mark.parametrize("name", PLAIN)
def test_a_state_within_an_epoch_resumes_to_the_same_bits(name: str) -> None:
    """Also one whose epoch has no step left, only a validation."""
    undisturbed = make(SPECS[name])
    records = finish(undisturbed)
    counting = Asked()
    list(train(make(SPECS[name]), abandon=counting))
    for at in np.linspace(1, counting.times, 4).astype(int).tolist():
        training, resumed = make(SPECS[name]), make(SPECS[name])
        found = list(train(training, abandon=Asked(at)))
        resumed.restore(training.state())
        found += finish(resumed)
        assert found == records
        assert same_arrays(resumed.weights(), undisturbed.weights())


@pytest.mark.parametrize("name", [*PLAIN, *LOSSES])
def test_chunks_have_the_gradient_of_the_batch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SPECS[name].model_copy(update={"dtype": "float64"})
    if any(layer.type == "dropout" for layer in spec.network.layers):
        pytest.skip("each chunk has a mask of its own")
    step, batch = _step_and_batch(spec)
    whole = step.passes.run(batch)
    expected, rows = step.network.gradients.copy(), step.passes.chunk_rows
    step.passes.chunk_rows = None if rows is None else CHUNK
    chunked = step.passes.run(batch)
    assert chunked == pytest.approx(whole, rel=1e-12, abs=1e-12)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(step.network.gradients, expected, rtol=1e-9, atol=1e-12 * scale)


def _step_and_batch(spec: ResolvedSpec) -> tuple[Any, Batch]:
    training = Training(spec, prepare(spec, make_table()))
    step = training._loop._train_step
    step.passes.begin_step(0)
    training._batches.begin(0)
    return step, training._batches.batch(0)


@small_chunks
@pytest.mark.parametrize("name", PLAIN)
def test_a_traced_step_in_chunks_is_that_of_training(name: str) -> None:
    training = make(SPECS[name])
    inputs = training.next_step()
    rows = len(inputs.batch.x)
    kept = [rows - 1, 0, rows // 2]
    trace = trace_step(inputs, kept)
    loop = cast("Training", training)._loop

    def stop() -> bool:
        return training.steps_done > 0

    training.run_epoch(stop)
    for part, array in state_arrays(loop._train_step).items():
        np.testing.assert_array_equal(array, trace.after[part], err_msg=part)
    everything = trace_step(inputs, range(rows))
    assert (
        trace.loss
        == everything.loss
        == pytest.approx(float(np.dot(everything.row_losses, everything.shares)), rel=1e-5)
    )
    for some, whole in zip(trace.layers, everything.layers, strict=True):
        np.testing.assert_array_equal(some.outputs.rows, whole.outputs.rows[kept])
        found = whole.outputs.rows.astype(np.float64)
        np.testing.assert_allclose(some.outputs.mean, found.mean(axis=0), rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(some.outputs.nonzero, np.count_nonzero(found, axis=0))


@small_chunks
@pytest.mark.parametrize("name", ["layer-dropout", "layer-residual", "full_batch"])
def test_gradients_of_chunks_are_checked(name: str) -> None:
    check = check_gradients(make(SPECS[name]).next_step(), per_layer=20)
    assert check.verdict == "passed"


def test_chunks_are_of_nearly_equal_size_and_small_batches_whole() -> None:
    assert split_rows(10, None) == split_rows(10, 10) == [slice(0, 10)]
    parts = split_rows(10_001, 4096)
    sizes = [part.stop - part.start for part in parts]
    assert (sum(sizes), len(sizes), max(sizes) - min(sizes)) == (10_001, 3, 1)
    assert parts[0].start == 0
    assert all(one.stop == other.start for one, other in pairwise(parts))


@pytest.mark.parametrize("units", [(16,), (1024, 1024), (5000, 5000)])
def test_a_chunk_is_a_fraction_of_a_second_of_work(units: tuple[int, ...]) -> None:
    layers = build_layers(network_spec(units, 1), 30, np.dtype(np.float32))
    work = sum(layer.multiplications() for layer in layers)
    rows = training_chunk_rows(layers, "float32")
    assert rows is not None
    assert rows == TRAINING_ROWS or rows * work <= 2**32
    assert chunk_rows(layers, "float32") * work <= 3 * 2**32
    assert training_chunk_rows(layers, "float64") in (rows, rows // 2, 128)
