"""The supervisor restarts its children, and leaves no process behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.supervision.process import Child, Program
from cli.supervision.supervisor import StopRequested
from tests.cli.programs import is_alive, python, read_pids, supervising
from tests.waiting import wait_for

SLEEP = "time.sleep(60)"
IGNORE_TERM = "signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1] + '.deaf', 'w'); "


def test_a_killed_child_is_restarted(tmp_path: Path) -> None:
    pids, log = tmp_path / "pids", list[str]()
    with supervising(log) as supervisor:
        supervisor.start(python("sleeper", pids, SLEEP))
        assert supervisor.wait_until(lambda: len(read_pids(pids)) == 1, 20)
        os.kill(read_pids(pids)[0], signal.SIGKILL)
        assert supervisor.wait_until(lambda: len(read_pids(pids)) == 2, 20)
    assert log == ["sleeper ended (signal 9); restarting in 0 s"]


def test_a_child_that_keeps_dying_is_restarted_with_growing_delays(tmp_path: Path) -> None:
    log: list[str] = []
    with supervising(log) as supervisor:
        supervisor.start(python("dying", tmp_path / "pids", "sys.exit(3)"))
        assert supervisor.wait_until(lambda: len(log) == 5, 20)
    delays = [line.rpartition("restarting in ")[2] for line in log]
    assert delays == ["0 s", "0 s", "0 s", "0.5 s", "1 s"]


def test_back_off_is_bounded_and_reset_after_a_long_uptime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child = Child(Program("true", ["true"]))
    child.start()
    child.reap()
    assert [child.plan_restart() for _ in range(11)] == [0, 0, 0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert child.plan_restart(longest_delay=5) == 5
    monkeypatch.setattr("cli.supervision.process.STEADY_SECONDS", 0.0)
    assert child.plan_restart() == 0


def test_a_dead_child_is_restarted_before_the_condition_is_checked_again(tmp_path: Path) -> None:
    checks: list[int | None] = []
    with supervising() as supervisor:
        child = supervisor.start(python("sleeper", tmp_path / "pids", SLEEP))

        def has_another_pid() -> bool:
            checks.append(child.pid)
            if len(checks) == 1:
                child.kill()
            return len(set(checks)) == 2

        # Without a signal, the supervisor would look again only after a minute.
        assert supervisor.wait_until(has_another_pid, 60, every=60)
    assert None not in checks


def test_programs_marked_last_are_stopped_after_the_other_ones(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    note = (
        "signal.signal(signal.SIGTERM, lambda *_: (open({path!r}, 'a').write('{name} '), "
        "sys.exit())); open(sys.argv[1] + '.set', 'w'); time.sleep(60)"
    )
    with supervising() as supervisor:
        for name, is_last in (("broker", True), ("api", False)):
            code = note.format(path=str(ends), name=name)
            supervisor.start(python(name, tmp_path / name, code, is_last=is_last))
        assert supervisor.wait_until(
            lambda: all((tmp_path / f"{name}.set").exists() for name in ("broker", "api")), 20
        )
    assert ends.read_text().split() == ["api", "broker"]


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace_period(tmp_path: Path) -> None:
    pids, log = tmp_path / "pids", list[str]()
    with supervising(log) as supervisor:
        supervisor.start(python("deaf", pids, IGNORE_TERM + SLEEP, grace=0.3))
        assert supervisor.wait_until((tmp_path / "pids.deaf").exists, 20)
    assert log == ["deaf does not stop: killed"]
    assert not is_alive(read_pids(pids)[0])


def test_children_of_a_dead_child_are_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    fork = "os.fork() or open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); " + SLEEP
    with supervising() as supervisor:
        supervisor.start(python("parent", pids, fork))
        assert supervisor.wait_until(lambda: len(read_pids(pids)) == 2, 20)
        parent, grandchild = read_pids(pids)
        os.kill(parent, signal.SIGKILL)
        assert supervisor.wait_until(lambda: not is_alive(grandchild), 20)


def test_a_signal_requests_a_stop(tmp_path: Path) -> None:
    with supervising() as supervisor:
        supervisor.start(python("sleeper", tmp_path / "pids", SLEEP))
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopRequested):
            supervisor.wait_until(lambda: False)


def test_a_program_that_does_not_exist_is_an_error() -> None:
    with supervising() as supervisor, pytest.raises(OSError, match="No such file"):
        supervisor.start(Program("absent", ["/nowhere/absent"]))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties children to their parent")
def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import sys; from pathlib import Path; from tests.cli.programs import *\n"
        f"with supervising() as s: s.start(python('x', Path({str(pids)!r}), {SLEEP!r}));"
        " s.wait_until(lambda: False)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3]) as parent:
        wait_for(lambda: read_pids(pids))
        parent.kill()
    wait_for(lambda: not is_alive(read_pids(pids)[0]))


# Appends "loaded" to its file, waits for a line, and appends "started".
SPARE = (
    "note = lambda word: open(sys.argv[1] + '.notes', 'a').write(f'{os.getpid()} {word}\\n'); "
    "note('loaded'); sys.stdin.readline() or sys.exit(); note('started'); time.sleep(60)"
)


def _pids_that_have(word: str, notes: Path) -> list[int]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [int(line.split()[0]) for line in lines if line.endswith(word)]


def test_a_loaded_spare_takes_the_place_of_a_dead_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.supervision.process.SPARE_AFTER_SECONDS", 0.0)
    pids, notes = tmp_path / "pids", tmp_path / "pids.notes"
    with supervising() as supervisor:
        child = supervisor.start(python("worker", pids, SPARE, has_spare=True))
        assert supervisor.wait_until(lambda: len(_pids_that_have("loaded", notes)) == 2, 20)
        first, spare = _pids_that_have("loaded", notes)
        assert _pids_that_have("started", notes) == [first] == [child.pid]
        os.kill(first, signal.SIGKILL)
        assert supervisor.wait_until(lambda: len(_pids_that_have("started", notes)) == 2, 20)
        assert _pids_that_have("started", notes) == [first, spare]
        assert child.pid == spare
        # The next spare is loaded, also after one has died.
        assert supervisor.wait_until(lambda: len(_pids_that_have("loaded", notes)) == 3, 20)
        monkeypatch.setattr("cli.supervision.process.FAILED_SPARE_SECONDS", 0.0)
        os.kill(_pids_that_have("loaded", notes)[2], signal.SIGKILL)
        assert supervisor.wait_until(lambda: len(_pids_that_have("loaded", notes)) == 4, 20)
    assert not [pid for pid in read_pids(pids) if is_alive(pid)]
    assert len(_pids_that_have("started", notes)) == 2
