"""Undisturbed trainings, state by state, and trainings in slices."""

from collections.abc import Iterable
from typing import Any

from engine.training.loop import TrainingProtocol
from engine.training.loop import train as run_training
from store.blobs.tensors import pack_arrays
from store.jobs.jobs import JobRecord
from store.prepared.open import DataResources, open_job_data
from store.replay.build_training import build_training
from store.settings import Settings
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.test_slices import after_steps
from workers.slices import run_slice

# Arrays as bytes, and numbers.
State = tuple[bytes, dict[str, Any]]
# By network and step of the network.
Trajectory = dict[tuple[int, int], State]


def bits_of(training: TrainingProtocol) -> State:
    """Return the complete state of a training."""
    state = training.state()
    return pack_arrays(state.arrays), state.numbers


def trajectory_of(resources: DataResources, job: JobRecord) -> Trajectory:
    """Train a job without any interruption; return the state before each of its steps."""
    training = build_training(open_job_data(resources, job))
    found: Trajectory = {}
    starts: dict[int, int] = {}

    def record() -> bool:
        network = training.folds_done
        start = starts.setdefault(network, training.steps_done)
        if not training.has_network_ended:
            found[network, training.steps_done - start] = bits_of(training)
        return False

    for _ in run_training(training, record):
        pass
    return found


def train_in_slices(settings: Settings, cuts: Iterable[int]) -> None:
    """Run slices of these numbers of steps, each by a new worker, then train to the end."""
    for steps in cuts:
        cut_slice(settings, steps)
    train_waiting_jobs(settings)


def cut_slice(settings: Settings, steps: int) -> None:
    """Run a slice of a new worker, which is shut down before step number `steps` of the slice."""
    context = open_worker_context(settings)
    after_steps(context, steps, context.shutdown.set)
    assert run_slice(context) is True
    context.database.close()
