"""The memory limit of a job: what it refuses, what it reports, and that it is lifted again."""

import gc
import resource
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from store.environment.memory import return_free_memory
from workers.process import memory_limit
from workers.process.memory_limit import MARGIN_BYTES, MIB, JobMemoryError, MemoryLimit

HELD = 32 * MIB


class Holder(np.ndarray[tuple[int, ...], np.dtype[np.uint8]]):
    """An array that can be referred to weakly."""


@pytest.fixture
def limit() -> Iterator[MemoryLimit]:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    # Garbage of earlier tests that is freed meanwhile would add to what the job may have.
    gc.collect()
    return_free_memory()
    yield MemoryLimit(64 * MIB)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def allocate(found: list[weakref.ref[Holder]], more: int) -> None:
    held = np.ones(HELD, np.uint8).view(Holder)
    found.append(weakref.ref(held))
    np.empty(more, np.uint8)


def test_an_allocation_beyond_the_limit_is_an_error_with_its_numbers(limit: MemoryLimit) -> None:
    with pytest.raises(JobMemoryError) as caught, limit.applied():
        allocate([], 400 * MIB)
    error = caught.value
    assert HELD <= error.used_bytes < 2 * HELD
    assert error.needed_bytes == error.used_bytes + 400 * MIB
    assert error.limit_bytes == 64 * MIB
    assert str(error).startswith(
        "the job reached its memory limit of 64 MiB (BACKPROPD_MAX_JOB_MEMORY_BYTES): it had 3"
    )
    # The limit is lifted.
    assert len(np.empty(400 * MIB, np.uint8)) == 400 * MIB


def test_the_arrays_of_the_failed_calls_are_released(limit: MemoryLimit) -> None:
    found: list[weakref.ref[Holder]] = []
    with pytest.raises(JobMemoryError) as caught, limit.applied():
        allocate(found, 400 * MIB)
    assert caught.value.__context__ is not None
    assert found[0]() is None


def test_a_job_may_have_all_of_its_limit_beside_the_memory_of_the_process(
    limit: MemoryLimit,
) -> None:
    before = np.ones(HELD, np.uint8)
    limit.begin_job()
    with limit.applied():
        assert len(np.ones(64 * MIB, np.uint8)) + len(before) == 64 * MIB + HELD


def test_the_limit_is_lifted_within_a_block_and_applies_again_after_it(limit: MemoryLimit) -> None:
    def allocate_twice() -> None:
        with limit.lifted():
            assert len(np.empty(400 * MIB, np.uint8)) == 400 * MIB
        np.empty(400 * MIB, np.uint8)

    with pytest.raises(JobMemoryError), limit.applied():
        allocate_twice()


def test_memory_that_the_machine_refuses_is_not_the_limit_of_the_job() -> None:
    error = JobMemoryError(10 * MIB, 20 * MIB, 64 * MIB)
    assert str(error) == (
        "the worker's machine has no more memory: it had 10 MiB, and needed 20 MiB at least, of "
        "64 MiB (BACKPROPD_MAX_JOB_MEMORY_BYTES)"
    )


def test_an_error_without_a_size_says_so(limit: MemoryLimit) -> None:
    with pytest.raises(JobMemoryError) as caught, limit.applied():
        raise MemoryError
    assert caught.value.needed_bytes is None
    assert str(caught.value).endswith("MiB, and needed more")


def test_other_errors_pass(limit: MemoryLimit) -> None:
    with pytest.raises(KeyError), limit.applied():
        raise KeyError


@pytest.mark.parametrize(("size", "returned"), [(MIB, False), (MARGIN_BYTES, True)])
def test_only_the_memory_of_large_jobs_is_returned(
    monkeypatch: pytest.MonkeyPatch, limit: MemoryLimit, size: int, returned: bool
) -> None:
    calls = []
    monkeypatch.setattr(memory_limit, "return_free_memory", lambda: calls.append(gc.isenabled()))
    gc.collect()
    limit.begin_job()
    held = np.ones(size, np.uint8)
    limit.end_job()
    assert len(calls) == returned
    assert len(held) == size
