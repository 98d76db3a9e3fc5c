"""A full disk during uploads and checkpoints: uploads are refused, checkpoints are retried."""

import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.chaos.campaign import Campaign, campaign
from tests.chaos.checker import Undisturbed
from tests.chaos.figures import Figures
from tests.chaos.sizes import Sizes
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

DISK_BYTES = 64 * 2**20
IN_FLIGHT = 2
UPLOAD = b"a,b\n" + b"1,2\n" * 10**6
CSV = {"Content-Type": "text/csv"}
REFUSED = {503, 507}


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """Mount a small file system at the path for the duration of the block."""
    path.mkdir(parents=True)
    options = ("-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path))
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("cannot mount a small disk: there is no mount command")
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk (requires root): {mounted.stderr.strip()}")
    try:
        yield
    finally:
        # Lazy unmount: a process that was just killed may still have a file open.
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill the disk completely within the block."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        piece = bytes(2**20)
        while piece:
            try:
                if file.write(piece) < len(piece):
                    raise OSError
            except OSError:
                piece = piece[: len(piece) // 2]
    try:
        yield
    finally:
        filler.unlink()


def test_full_disk_refuses_and_recovers(
    tmp_path: Path,
    undisturbed: dict[str, Undisturbed],
    sizes: Sizes,
    rng: random.Random,
    figures: Figures,
) -> None:
    disk = tmp_path / "data"
    with small_disk(disk), campaign(tmp_path, "sqlite", undisturbed) as run:
        run.fleet.start_api()
        run.fleet.start_worker("worker", children=2)
        run.fleet.wait_until_ready()
        known: set[int] = set()
        answers: Counter[int] = Counter()
        while figures.faults < sizes.choose(1, 30):
            run.wait_until_claimed("worker", known, IN_FLIGHT)
            with filled(disk):
                answers += upload_to_full_disk(run, rng.uniform(1, 4))
            figures.faults += 1
            assert_recovered(run)
        figures.notes |= {f"answers of {status}": count for status, count in answers.items()}
        figures.notes["checkpoints and losses that waited"] = count_waits(run)
        assert count_waits(run)
        run.conclude(figures)


def upload_to_full_disk(run: Campaign, seconds: float) -> Counter[int]:
    """Upload and read while the disk is full; return the statuses of the responses."""
    answers: Counter[int] = Counter()
    ends = time.monotonic() + seconds
    with httpx2.Client(base_url=run.fleet.url, timeout=30, trust_env=False) as client:
        while time.monotonic() < ends:
            refused = client.post("/v1/datasets", content=UPLOAD, headers=CSV)
            assert refused.status_code in REFUSED, refused.text
            assert list_datasets(client) == [run.dataset_id]
            answers[refused.status_code] += 1
    return answers


def list_datasets(client: httpx2.Client) -> list[str]:
    answer = client.get("/v1/datasets")
    assert answer.status_code == 200, answer.text
    return [dataset["id"] for dataset in answer.json()["data"]]


def assert_recovered(run: Campaign) -> None:
    """Check that an upload is accepted again, and delete it."""
    with httpx2.Client(base_url=run.fleet.url, timeout=30, trust_env=False) as client:
        taken = client.post("/v1/datasets", content=UPLOAD, headers=CSV)
        assert taken.status_code == 201, taken.text
        assert client.delete(f"/v1/datasets/{taken.json()['id']}").status_code == 204
        wait_for(lambda: list_datasets(client) == [run.dataset_id])


def count_waits(run: Campaign) -> int:
    """Return how often the worker could not write."""
    return sum(process.read_log().count("disk is full") for process in run.fleet.processes[1:])
