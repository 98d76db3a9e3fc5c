"""A replayed step is exact only if all steps up to it were trained in an equal environment."""

from typing import Any

import pytest

from store.jobs.jobs import JobRecord
from store.replay.exactness import Inexactness
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.settings import Settings
from tests.store.prepared.resources import Resources
from tests.store.replay.conftest import Train
from tests.training import train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_environments import train_and_leave


def inexactness_of(resources: Resources, job: JobRecord, step: int) -> Inexactness | None:
    return reach_step(resources, job, Position(step), ReplayLimit(60)).inexactness


def on_kernel(resources: Resources, kernel: str) -> Resources:
    resources.environment = resources.environment | {"blas_kernel": kernel}
    return resources


def test_environment_of_this_process_differs(resources: Resources, train: Train) -> None:
    job = train(8)
    kernel = resources.environment["blas_kernel"]
    found = inexactness_of(on_kernel(resources, "Other"), job, 9)
    assert found is not None
    assert found.code == "environment"
    assert found.differences == {"blas_kernel": (kernel, "Other")}
    assert found.detail.endswith(f"other bits: blas_kernel {kernel} (here Other)")


@pytest.fixture
def moved(settings: Settings, post: Post, find: Find) -> JobRecord:
    """Return a job of 48 steps, whose first 12 were trained on another kernel than the others."""
    job = post()
    train_and_leave(settings, "Early", 12)
    train_and_leave(settings, "Late", 12)
    settings = settings.model_copy(update={"checkpoint_seconds": 1000.0})
    train_waiting_jobs(settings)
    return find(job.id)


@pytest.mark.parametrize(
    ("kernel", "step", "code"),
    [
        ("Early", 11, None),  # before the checkpoint at step 12, all of which are exact
        ("Late", 11, "environment"),
        ("Early", 12, "moved"),
        ("Late", 30, "moved"),
    ],
)
def test_steps_before_the_move_to_another_environment_are_exact(
    resources: Resources, moved: JobRecord, kernel: str, step: int, code: Any
) -> None:
    assert moved.exact is False
    found = inexactness_of(on_kernel(resources, kernel), moved, step)
    assert (None if found is None else found.code) == code
