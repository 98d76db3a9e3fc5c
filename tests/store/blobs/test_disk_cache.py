"""Disk cache: entries are made once, the size is bounded, and entries in use are kept."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from store.blobs.disk_cache import Cache

SPAWN = multiprocessing.get_context("spawn")
KIB = 2**10


def entry(cache: Cache, key: str, make: Callable[[Path], None]) -> Path:
    """Return the path of an entry, for immediate use."""
    with cache.hold(key, make) as path:
        return path


def writing(size: int, log: Path | None = None) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        if log is not None:
            with log.open("a") as file:
                file.write("made\n")
        path.write_bytes(b"x" * size)

    return make


def never(path: Path) -> None:
    raise AssertionError(path)


def make_folder(path: Path) -> None:
    path.mkdir()
    for name in ("features", "targets"):
        (path / name).write_bytes(b"x" * KIB)


def fail_halfway(path: Path) -> None:
    path.write_bytes(b"half")
    raise RuntimeError("cut off")


def contents(folder: Path, subfolder: str) -> list[Path]:
    return list((folder / subfolder).iterdir())


def race_for_one_key(folder: Path) -> int:
    cache = Cache(folder, 10 * KIB)
    with cache.hold("key", writing(KIB, folder.with_suffix(".log"))) as path:
        return len(path.read_bytes())


def race_for_many_keys(folder: Path, seed: int) -> int:
    """Read all entries, far more than fit, in an order that differs per process."""
    cache = Cache(folder, 2 * KIB, grace_seconds=0)
    read = 0
    for step in range(40):
        number = (step * seed) % 7
        with cache.hold(f"key {number}", writing(KIB + number)) as path:
            assert len(path.read_bytes()) == KIB + number
            read += 1
    return read


def die_halfway(folder: Path) -> None:
    def die(path: Path) -> None:
        path.write_bytes(b"half")
        os._exit(1)

    entry(Cache(folder, KIB), "key", die)


def test_entry_is_made_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10 * KIB)
    first = entry(cache, "key", writing(3))
    assert first.read_bytes() == b"xxx"
    assert entry(cache, "key", never) == first
    assert entry(Cache(tmp_path, 10 * KIB), "key", never) == first


def test_entry_may_be_a_folder(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KIB, grace_seconds=0)
    with cache.hold("key", make_folder) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["features", "targets"]
    entry(cache, "other", writing(1))
    assert not folder.exists()


def test_failure_leaves_nothing_and_the_entry_is_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KIB)
    with pytest.raises(RuntimeError, match="cut off"):
        entry(cache, "key", fail_halfway)
    assert contents(tmp_path, "entries") == contents(tmp_path, "partial") == []
    assert entry(cache, "key", writing(3)).read_bytes() == b"xxx"


def test_least_recently_used_entries_are_evicted_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 2 * KIB, grace_seconds=0)
    first, second = (entry(cache, key, writing(KIB)) for key in ("first", "second"))
    entry(cache, "first", never)
    third = entry(cache, "third", writing(KIB))
    assert set(contents(tmp_path, "entries")) == {first, third}
    assert second not in {first, third}
    assert len(contents(tmp_path, "locks")) == 2


def test_entry_larger_than_the_bound_stays_while_it_is_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KIB, grace_seconds=0)
    with cache.hold("large", writing(9 * KIB)) as large:
        other = entry(cache, "other", writing(1))
        assert large.exists()
    entry(cache, "third", writing(1))
    assert not large.exists()
    assert other.exists()


def test_recently_used_entry_is_not_evicted(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KIB, grace_seconds=60)
    paths = [entry(cache, str(number), writing(KIB)) for number in range(3)]
    assert all(path.exists() for path in paths)


def test_evicted_file_stays_readable_while_open(tmp_path: Path) -> None:
    cache = Cache(tmp_path, KIB, grace_seconds=0)
    with entry(cache, "first", writing(KIB)).open("rb") as file:
        entry(cache, "second", writing(KIB))
        assert len(contents(tmp_path, "entries")) == 1
        assert len(file.read()) == KIB


def test_processes_that_race_for_a_key_make_it_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with ProcessPoolExecutor(3, SPAWN) as processes:
        assert list(processes.map(race_for_one_key, [folder] * 9)) == [KIB] * 9
    assert folder.with_suffix(".log").read_text() == "made\n"


def test_processes_that_evict_each_others_entries_read_whole_files(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, SPAWN) as processes:
        assert list(processes.map(race_for_many_keys, [tmp_path] * 3, [1, 2, 3])) == [40] * 3
    assert contents(tmp_path, "partial") == []
    names = {path.name for path in contents(tmp_path, "entries")}
    assert names == {path.name for path in contents(tmp_path, "locks")}


def test_partial_entry_of_a_dead_process_is_deleted(tmp_path: Path) -> None:
    process = SPAWN.Process(target=die_halfway, args=(tmp_path,))
    process.start()
    process.join()
    assert len(contents(tmp_path, "partial")) == 1
    cache = Cache(tmp_path, KIB)
    entry(cache, "another", writing(1))
    assert contents(tmp_path, "partial") == []
    assert entry(cache, "key", writing(3)).read_bytes() == b"xxx"
