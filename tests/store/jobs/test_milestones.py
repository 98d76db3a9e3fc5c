"""Which checkpoints are kept as milestones."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from store.db.database import Database
from store.db.tables import artifacts
from store.jobs.claims import claim_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.milestones import MAX_MILESTONES, choose_milestones, count_milestones
from store.jobs.training.checkpoints import TrainingCheckpoint, list_training_checkpoints
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.statuses import KINDS

Steps = st.lists(st.integers(0, 10**9), min_size=1, max_size=60, unique=True)


@given(Steps, st.integers(1, MAX_MILESTONES))
def test_the_choice_is_bounded_and_stays_as_it_is(steps: list[int], most: int) -> None:
    chosen = choose_milestones(steps, most)
    assert 1 <= len(chosen) <= most
    assert min(steps) in chosen
    assert choose_milestones(chosen, most) == chosen
    assert choose_milestones(reversed(steps), most) == chosen


@given(Steps, st.integers(1, MAX_MILESTONES))
def test_milestones_are_in_different_buckets_of_the_least_size(steps: list[int], most: int) -> None:
    chosen = choose_milestones(steps, most)
    shift = next(m for m in range(40) if len({step >> m for step in steps}) <= most)
    assert {step >> shift for step in chosen} == {step >> shift for step in steps}
    assert len(chosen) == len({step >> shift for step in chosen})


def test_choosing_at_every_checkpoint_leaves_no_wide_gap() -> None:
    kept: frozenset[int] = frozenset()
    for step in range(0, 20_000, 10):
        kept = choose_milestones({*kept, step}, MAX_MILESTONES)
        distances = np.diff([*sorted(kept), step])
        # At least eight buckets are occupied, or every checkpoint is kept.
        assert max(distances) <= max(10, 2 * (step + 1) / 8)
    # The first of each bucket of 2,048 steps, and some of the last bucket's.
    assert kept >= {-(-bucket * 2048 // 10) * 10 for bucket in range(10)}
    assert len(kept) <= MAX_MILESTONES


def test_nothing_is_kept_without_room() -> None:
    assert choose_milestones([1, 2], 0) == frozenset()
    assert count_milestones(0, 100) == 0
    assert count_milestones(2**26, 2**26 + 1) == 0
    assert count_milestones(2**26, 2**24) == 4
    assert count_milestones(2**26, 8) == MAX_MILESTONES


def keep(database: Database, lease: Lease, steps: int, milestones: int) -> None:
    checkpoint = TrainingCheckpoint(
        steps, {}, str(steps).encode(), float(-steps), milestones=milestones
    )
    progress = TrainingProgress(steps=steps)
    with database.writing() as session:
        record_training_progress(session, lease, progress, [], checkpoint)


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, [56, 60]),
        (4, [4, 16, 32, 48, 56, 60]),
        (16, [*range(4, 64, 4)]),
    ],
)
def test_milestones_are_kept_besides_the_last_checkpoints(
    database: Database, post: Callable[..., JobRecord], most: int, expected: list[int]
) -> None:
    job = post()
    with database.writing() as session:
        claimed = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert claimed is not None
    for steps in range(4, 64, 4):
        keep(database, Lease(job.id, claimed.token), steps, most)
    with database.reading() as session:
        assert [kept.steps for kept in list_training_checkpoints(session, job.id)] == expected
        assert len(session.execute(select(artifacts.c.sha256)).all()) == len(expected)
