"""Rates of transfers, tick by tick."""

import pytest

from cli.serving.transfer_rate import TICKS, RateLimit, TransferRate

LIMIT = RateLimit(bytes_per_second=100, window_seconds=5)


def first_slow_tick(moved: list[int]) -> int | None:
    """Return the index of the first measurement that ends a window with too few bytes."""
    rate = TransferRate(LIMIT)
    return next((tick for tick, total in enumerate(moved) if rate.is_too_slow(total)), None)


def test_window_and_tick() -> None:
    assert (LIMIT.window_bytes, LIMIT.tick_seconds) == (500, 5 / TICKS)


@pytest.mark.parametrize(
    ("per_tick", "slow"), [(0, TICKS), (49, TICKS), (50, None), (1_000_000, None)]
)
def test_a_window_must_move_its_bytes(per_tick: int, slow: int | None) -> None:
    # Bytes before the first measurement do not count.
    assert first_slow_tick([1_000 + per_tick * tick for tick in range(5 * TICKS)]) == slow


def test_bursts_count_for_their_window_alone() -> None:
    stalled = [0, *[10_000] * (4 * TICKS)]
    assert first_slow_tick(stalled) == 2 * TICKS


def test_reset_begins_a_new_window() -> None:
    rate = TransferRate(LIMIT)
    for _ in range(3):
        assert not any(rate.is_too_slow(0) for _ in range(TICKS))
        rate.reset()


def test_any_rate_is_allowed_by_zero() -> None:
    rate = TransferRate(RateLimit(0, 5))
    assert not any(rate.is_too_slow(0) for _ in range(10 * TICKS))
