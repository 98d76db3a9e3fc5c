"""Loading cache: bounded in bytes, each item loaded once, safe across threads."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from service.runtime.loading_cache import LoadingCache
from tests.waiting import wait_for

PATIENCE_SECONDS = 30.0
THREADS = 8


@dataclass(frozen=True)
class Block:
    key: str
    nbytes: int


class Loader:
    """Loads blocks of the size in their key; records the loads, and can block or fail."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def load(self, key: str) -> Block:
        self.loaded.append(key)
        assert self.gate.wait(PATIENCE_SECONDS)
        if self.failure is not None:
            raise self.failure
        return Block(key, int(key.partition(":")[0]))


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def cache(loader: Loader) -> LoadingCache[Block]:
    return LoadingCache(loader.load, 100)


@contextmanager
def getting(
    cache: LoadingCache[Block], loader: Loader, key: str, count: int = 1
) -> Iterator[list[Future[Block]]]:
    """Start threads that get an item; one of them is loading it during the block."""
    loader.gate.clear()
    before = len(loader.loaded)
    with ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(cache.get, key) for _ in range(count)]
        try:
            wait_for(lambda: len(loader.loaded) > before)
            yield asked
        finally:
            loader.gate.set()


def test_item_is_loaded_once_and_then_found(cache: LoadingCache[Block], loader: Loader) -> None:
    assert cache.find("10:a") is None
    assert cache.get("10:a") is cache.get("10:a") is cache.find("10:a")
    assert loader.loaded == ["10:a"]


def test_least_recently_used_items_are_evicted(cache: LoadingCache[Block], loader: Loader) -> None:
    for key in ("40:a", "30:b", "30:c"):
        cache.get(key)
    cache.find("40:a")
    cache.get("1:d")
    kept = [key for key in ("40:a", "30:b", "30:c", "1:d") if cache.find(key)]
    assert kept == ["40:a", "30:c", "1:d"]
    cache.get("60:e")
    kept = [key for key in ("40:a", "30:c", "1:d", "60:e") if cache.find(key)]
    assert kept == ["30:c", "1:d", "60:e"]
    # Evicted bytes are available again.
    cache.get("39:f")
    assert all(cache.find(key) for key in ("1:d", "60:e", "39:f"))


def test_item_larger_than_the_cache_is_kept_alone(
    cache: LoadingCache[Block], loader: Loader
) -> None:
    cache.get("1:a")
    assert cache.get("1000:b") is cache.find("1000:b")
    assert cache.find("1:a") is None
    cache.get("1:c")
    assert cache.find("1000:b") is None


def test_concurrent_requests_load_an_item_once(cache: LoadingCache[Block], loader: Loader) -> None:
    with getting(cache, loader, "10:a", THREADS) as asked:
        pass
    assert len({id(future.result()) for future in asked}) == 1
    assert loader.loaded == ["10:a"]


def test_failure_is_raised_to_all_callers_and_not_cached(
    cache: LoadingCache[Block], loader: Loader
) -> None:
    loader.failure = OSError("away")
    with getting(cache, loader, "10:a", THREADS) as asked:
        pass
    assert {type(future.exception()) for future in asked} == {OSError}
    loader.failure = None
    assert cache.get("10:a").nbytes == 10


def test_load_does_not_block_other_keys(cache: LoadingCache[Block], loader: Loader) -> None:
    kept = cache.get("10:a")
    with getting(cache, loader, "10:b"):
        assert cache.find("10:b") is None
        assert cache.find("10:a") is cache.get("10:a") is kept
