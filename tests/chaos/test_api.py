"""The API killed while it answers, and crashes at every critical point of API and workers.

The client retries with the same Idempotency-Key: nothing may be lost or created twice.
"""

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from store.blobs.blobs import open_blobs
from store.db.tables import datasets
from store.fault_injection import EXIT_STATUS
from tests.chaos.campaign import Campaign
from tests.chaos.conftest import Begin
from tests.chaos.figures import Figures
from tests.chaos.processes import Process
from tests.chaos.sizes import Sizes
from tests.chaos.work import TINY, make_table
from tests.waiting import wait_for

REDUCED_DATABASE = "sqlite"
IN_API = ("after_insert", "after_commit", "after_publish")
# How often a place is passed before the crash: at most so often within a job of half a second.
IN_WORKER = {
    "after_claim": 2,
    "mid_step": 60,
    "before_checkpoint_commit": 2,
    "after_checkpoint_commit": 2,
    "before_terminal_commit": 1,
    "after_terminal_commit": 1,
}
KILL = "kill"
POSTS_AT_ONCE = 8
# Time limit for all crash points, at full size.
TRAPS_SECONDS = 1_800
# Application whose children each end at the next crash point of a file.
TRAPPED = "tests.chaos.trapped:app"


class Upload:
    """An upload whose second half is withheld, at the first attempt, until the API is killed."""

    def __init__(self, key: str) -> None:
        self.key = key
        # Equal uploads would share a blob.
        content = make_table() + f"0,0,0,{key},a\n".encode()
        self.sha256 = hashlib.sha256(content).hexdigest()
        half = len(content) // 2
        self._halves = (content[:half], content[half:])
        self._begun, self._free = threading.Event(), threading.Event()

    def pieces(self) -> Iterator[bytes]:
        """Yield the two halves of the body, for each attempt."""
        yield self._halves[0]
        self._begun.set()
        self._free.wait(60)
        yield self._halves[1]

    def wait_until_half(self) -> None:
        """Wait until the first half has been sent."""
        assert self._begun.wait(60)

    def let_go(self) -> None:
        """Release the second half, also for later attempts."""
        self._free.set()


def check_uploads(run: Campaign, uploads: list[Upload]) -> None:
    """Check that each upload has created one dataset, with intact content and blob."""
    blobs = open_blobs(run.fleet.settings)
    with run.fleet.database.reading() as session:
        rows = session.execute(select(datasets).where(datasets.c.state == "ready")).mappings()
        found = [dict(row) for row in rows]
    assert Counter(row["name"] for row in found) == {"table": 1} | {u.key: 1 for u in uploads}
    sent = {upload.key: upload.sha256 for upload in uploads}
    for row in found:
        assert sent.get(row["name"], row["sha256"]) == row["sha256"]
        stored = hashlib.sha256(b"".join(blobs.read_blob(row["blob"]))).hexdigest()
        assert stored == row["blob_sha256"]


@pytest.mark.rare
def test_api_and_workers_end_anywhere(
    tmp_path: Path,
    begin: Begin,
    sizes: Sizes,
    rng: random.Random,
    figures: Figures,
) -> None:
    rounds, kills = sizes.choose(1, 11), sizes.choose(1, 100)
    traps = [f"{point}:{rng.randint(1, most)}" for point, most in IN_WORKER.items()] * rounds
    rng.shuffle(traps)
    ends = [*IN_API * rounds, *[KILL] * kills]
    rng.shuffle(ends)
    left = tmp_path / "traps"
    left.write_text("".join(f"{trap}\n" for trap in traps))
    with (
        begin() as run,
        ThreadPoolExecutor(4 * POSTS_AT_ONCE) as clients,
    ):
        run.fleet.start_worker("trapped", app=TRAPPED, CHAOS_TRAPS=str(left))
        end_apis(run, ends, rng, clients)
        train_until_empty(run, left)
        figures.faults = len(ends) + len(traps)
        run.conclude(figures)


def end_apis(
    run: Campaign, ends: list[str], rng: random.Random, clients: ThreadPoolExecutor
) -> None:
    """End one API after another while it answers; start a final one for the remaining requests."""
    answers: list[Future[Any]] = []
    uploads: list[Upload] = []
    for end in ends:
        if end == KILL:
            uploads.append(Upload(f"upload-{len(uploads)}"))
            delay = rng.uniform(0, 0.1)
            answers = kill_api(run, answers, uploads[-1], delay, clients)
        else:
            answers = crash_api(run, answers, end, clients)
        run.fleet.forget_ended()
    run.fleet.start_api()
    for answer in answers:
        answer.result()
    check_uploads(run, uploads)


def answer_waiting(api: Process, answers: list[Future[Any]]) -> list[Future[Any]]:
    """Let the API answer pending requests; return those still unanswered when it ends."""
    wait_for(lambda: not api.is_running or all(answer.done() for answer in answers))
    left = [answer for answer in answers if not answer.done()]
    for answer in set(answers) - set(left):
        answer.result()  # re-raises errors of the client
    return left


def crash_api(
    run: Campaign, answers: list[Future[Any]], point: str, clients: ThreadPoolExecutor
) -> list[Future[Any]]:
    """Start an API that ends at the crash point during a POST; return the pending requests."""
    key = run.next_key()
    # Only its own job's request ends it, not one that is sent again after an earlier end.
    at = point if point == "after_publish" else f"{point}@{key}"
    api = run.fleet.start_api(crash_at=at)
    assert run.dataset_id
    left = answer_waiting(api, answers)
    left.append(clients.submit(run.post, key=key))
    assert api.wait() == EXIT_STATUS
    return left


def kill_api(
    run: Campaign,
    answers: list[Future[Any]],
    upload: Upload,
    delay: float,
    clients: ThreadPoolExecutor,
) -> list[Future[Any]]:
    """Kill an API during several POSTs and half an upload; return the pending requests."""
    api = run.fleet.start_api()
    assert run.dataset_id
    left = [
        *answer_waiting(api, answers),
        clients.submit(run.client.post_dataset, upload.key, upload.pieces),
        *(clients.submit(run.post, TINY) for _ in range(POSTS_AT_ONCE)),
    ]
    upload.wait_until_half()
    time.sleep(delay)
    api.kill_group()
    upload.let_go()
    return left


def train_until_empty(run: Campaign, traps: Path) -> None:
    """Post jobs until the last crash point has been taken."""

    def is_empty() -> bool:
        for _ in range(2 - run.count_unfinished()):
            run.post()
        return not traps.read_text()

    wait_for(is_empty, TRAPS_SECONDS, every=0.05)
