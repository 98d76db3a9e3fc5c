"""Advice about a training that has ended: trials of lower learning rates, findings."""

import time
from collections.abc import Callable, Mapping

from engine.findings import Finding
from engine.metrics import Metric
from engine.training.learning_rate import RateSearch
from workers.training.training_recorder import TrainingRecorder

# Time that a worker spends on trials for one job, within the job's time budget.
TRIAL_SECONDS = 60.0


def search_rate(recorder: TrainingRecorder, stop: Callable[[], bool]) -> RateSearch:
    """Search a learning rate that trains. The training's state is then lost.

    Args:
        recorder: recorder of the training, frozen.
        stop: whether the job or this process is to end.
    """
    try:
        return recorder.training.search_learning_rate(_limited(recorder, stop))
    except MemoryError:
        return RateSearch("interrupted")


def find_in_result(
    recorder: TrainingRecorder, metrics: Mapping[str, Metric], stop: Callable[[], bool]
) -> tuple[Finding, ...]:
    """Return the findings about a result with these metrics; arguments as for `search_rate`."""
    try:
        return recorder.training.result_findings(metrics, _limited(recorder, stop))
    except MemoryError:
        return ()


def _limited(recorder: TrainingRecorder, stop: Callable[[], bool]) -> Callable[[], bool]:
    ends = time.monotonic() + min(TRIAL_SECONDS, recorder.seconds_left)
    return lambda: stop() or time.monotonic() >= ends
