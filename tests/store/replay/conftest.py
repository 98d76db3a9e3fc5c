"""Fixtures: jobs that workers trained in several slices, and the resources of another process."""

from collections.abc import Callable, Iterator

import pytest

from store.jobs.jobs import JobRecord
from store.settings import Settings
from tests.store.prepared.resources import Resources
from tests.store.replay.trajectories import train_in_slices
from tests.workers.conftest import (  # noqa: F401 - fixtures
    Find,
    Post,
    database,
    dataset,
    find,
    post,
    settings,
)

Train = Callable[..., JobRecord]


@pytest.fixture
def resources(settings: Settings, database: object) -> Iterator[Resources]:  # noqa: F811
    """The resources of a process that is not a worker."""
    assert database
    resources = Resources(settings)
    yield resources
    resources.database.close()


@pytest.fixture
def train(settings: Settings, post: Post, find: Find) -> Train:  # noqa: F811
    """Train a job to its end, cut before some of its steps; a new worker goes on each time."""

    def train(*cuts: int, **spec: object) -> JobRecord:
        job = post(**spec)
        train_in_slices(settings, cuts)
        return find(job.id)

    return train
