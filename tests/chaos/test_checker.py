"""The checker must detect every fault in constructed histories."""

from dataclasses import replace

import pytest

from tests.chaos.checker import (
    Ending,
    Undisturbed,
    check_answers,
    check_claims,
    check_endings,
    check_exactness,
    check_orphans,
    check_queue,
    check_replays,
    check_results,
    is_kept,
)
from tests.chaos.history import EpochFact, JobFact, ReplayFact
from tests.chaos.journal import Entry

LOSSES = (EpochFact(0, "0.5"), EpochFact(1, "0.25"))
RUNS = {"work": Undisturbed(LOSSES, "abc")}
JOB = JobFact(
    id="job_1",
    key="one",
    work="work",
    status="succeeded",
    reason="completed",
    token=2,
    attempt=2,
    exact=True,
    states=("queued", "running", "succeeded"),
    events=("created", "claimed", "checkpoint", "rescued", "checkpoint", "succeeded"),
    checkpoint_steps=(10, 20),
    losses=LOSSES,
    weights="abc",
    results=1,
)


def sent(key: str) -> Entry:
    return Entry(0.0, "send", key, "/v1/jobs")


def answered(key: str, job_id: str, status: int = 202) -> Entry:
    return Entry(0.0, "answer", key, "/v1/jobs", status, job_id)


def complaints_of(job: JobFact) -> list[str]:
    return [
        *check_endings([job], {}),
        *check_results([job]),
        *check_exactness([job], RUNS),
        *check_claims([job]),
    ]


def test_rescued_job_with_identical_results_passes() -> None:
    queue = check_queue([sent("one"), answered("one", "job_1")], [JOB])
    assert queue.complaints() == []
    assert complaints_of(JOB) == []


def test_accepted_job_that_does_not_exist_is_lost() -> None:
    queue = check_queue([sent("one"), answered("one", "job_1")], [])
    assert queue.lost == ("one",)
    assert queue.complaints() == ["lost: one"]


def test_accepted_job_with_another_id_is_lost() -> None:
    assert check_queue([sent("one"), answered("one", "job_2")], [JOB]).lost == ("one",)


def test_refused_job_is_not_lost() -> None:
    assert check_queue([sent("one"), answered("one", "", 503)], []).complaints() == []


def test_job_that_was_not_requested_is_unexpected() -> None:
    assert check_queue([sent("two")], [JOB]).unexpected == ("job_1",)


def test_two_jobs_of_one_key_are_duplicated() -> None:
    queue = check_queue([sent("one"), answered("one", "job_1")], [JOB, replace(JOB, id="job_2")])
    assert queue.duplicated == ("one",)


def test_two_ids_for_one_key_are_duplicated() -> None:
    history = [sent("one"), answered("one", "job_1"), sent("one"), answered("one", "job_2")]
    assert check_queue(history, [JOB]).duplicated == ("one",)


def test_job_whose_answer_was_never_read_is_recovered() -> None:
    queue = check_queue([sent("one")], [JOB])
    assert queue.recovered == ("one",)
    assert queue.complaints() == []


@pytest.mark.parametrize("status", [500, 502, 504])
def test_unexpected_error_is_reported(status: int) -> None:
    assert len(check_answers([answered("one", "", status), answered("one", "", 503)])) == 1


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"states": ("queued", "running", "succeeded", "failed")}, "2 terminal transitions"),
        ({"states": ("queued", "running"), "status": "running"}, "0 terminal transitions"),
        ({"states": ("queued", "succeeded", "running")}, "succeeded after"),
        ({"status": "failed", "reason": "worker_lost"}, "not succeeded"),
        ({"events": (*JOB.events, "succeeded")}, "its events report"),
        ({"events": (*JOB.events, "checkpoint")}, "events after its end"),
        ({"losses": LOSSES[1:]}, "1 where 0 should be"),
        ({"losses": (LOSSES[0], *LOSSES)}, "0 where 1 should be"),
        ({"losses": LOSSES[:1]}, "in number: 1 and 2"),
        ({"losses": (LOSSES[0], EpochFact(1, "0.26"))}, "at epoch 1: 0.26 and 0.25"),
        ({"weights": "def"}, "weights def, undisturbed abc"),
        ({"weights": None}, "weights None"),
        ({"results": 0}, "0 results of a job that is succeeded"),
        ({"results": 2}, "2 results of a job that is succeeded"),
        ({"status": "cancelled", "results": 2}, "2 results of a job that is cancelled"),
        ({"status": "failed"}, "1 results of a job that is failed"),
        ({"exact": False}, "not exact"),
        ({"work": "other"}, "no undisturbed run"),
        ({"attempt": 3}, "attempt 3 after 1 rescues"),
        ({"token": 1}, "less than its claims"),
        ({"checkpoint_steps": (10, 30, 20)}, "decrease: 30 then 20"),
    ],
)
def test_wrong_history_is_reported(wrong: dict[str, object], expected: str) -> None:
    complaints = complaints_of(replace(JOB, **wrong))  # type: ignore[arg-type]
    assert any(expected in complaint for complaint in complaints), complaints


def test_expected_ending_passes() -> None:
    failed = replace(
        JOB,
        status="failed",
        reason="worker_lost",
        states=("queued", "running", "failed"),
        events=("created", "claimed", "failed"),
    )
    assert check_endings([failed], {"one": Ending("failed", "worker_lost")}) == []


def test_epochs_of_a_cancelled_job_are_compared() -> None:
    cancelled = replace(JOB, status="cancelled", losses=LOSSES[:1], weights="partial")
    assert check_exactness([cancelled], RUNS) == []
    other = replace(cancelled, losses=(EpochFact(0, "0.6"),))
    assert len(check_exactness([other], RUNS)) == 1


def test_orphan_is_reported_after_thirty_seconds() -> None:
    assert check_orphans(29.9) == []
    assert check_orphans(30.1) == ["a lease was expired and unclaimed for 30.1 s"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"status": "failed", "events": ("created", "failed")}, "a replay failed"),
        ({"events": ("created", "succeeded", "succeeded")}, "with the events"),
        ({"verdict": {"identical": False}}, "the replay differs"),
        ({"verdict": None}, "the replay differs"),
        ({"checkpoints": 2}, "leaves 2 checkpoints"),
    ],
)
def test_wrong_replay_is_reported(wrong: dict[str, object], expected: str) -> None:
    replay = ReplayFact("job_2", "succeeded", {"identical": True}, ("created", "succeeded"), 0)
    assert check_replays([replay]) == []
    [complaint] = check_replays([replace(replay, **wrong)])  # type: ignore[arg-type]
    assert expected in complaint


def test_gaps_of_long_trainings_are_those_of_the_rule() -> None:
    kept = [epoch for epoch in range(20_001) if is_kept(epoch, 20_000)]
    assert (len(kept), kept[:3], kept[-5_000:]) == (10_001, [0, 4, 8], list(range(15_001, 20_001)))
    whole = tuple(EpochFact(epoch, "0.5") for epoch in kept)
    runs = {"w": Undisturbed(whole, "ab")}
    job = replace(JOB, work="w", weights="ab", losses=whole)
    assert check_exactness([job], runs) == []
    gap = replace(job, losses=tuple(fact for fact in whole if fact.epoch != 4))
    assert any("gap" in text for text in check_exactness([gap], runs))
    cancelled = replace(gap, status="cancelled", losses=whole[:-1])
    assert not any("gap" in text for text in check_exactness([cancelled], runs))
