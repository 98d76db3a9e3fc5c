"""Programs of the API processes that share a port."""

from itertools import pairwise
from pathlib import Path

import pytest

from cli.serving.processes import api_programs
from cli.serving.sockets import listen_together
from store.settings import load_settings

LIMIT = "BACKPROPD_MODEL_CACHE_BYTES"


def served(command: list[str]) -> list[int]:
    return [int(part) for before, part in pairwise(command) if before == "--fd"]


def test_each_process_serves_its_own_socket_first(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    with listen_together("127.0.0.1", 0, 3) as listeners:
        first, second, third = (listener.fileno() for listener in listeners)
        programs = list(api_programs(settings, listeners))
    assert [program.name for program in programs] == ["api 1", "api 2", "api 3"]
    assert [served(program.command) for program in programs] == [
        [first, second, third],
        [second, first, third],
        [third, first, second],
    ]
    assert all(program.pass_fds == (first, second, third) for program in programs)


def test_single_process_serves_its_socket_alone(tmp_path: Path) -> None:
    with listen_together("127.0.0.1", 0, 1) as listeners:
        (program,) = api_programs(load_settings(data_dir=tmp_path), listeners)
        assert (program.name, served(program.command)) == ("api", [listeners[0].fileno()])


@pytest.mark.parametrize(("limit", "share"), [(1000, "333"), (2, "1")])
def test_processes_share_the_limit_of_the_model_cache(
    tmp_path: Path, limit: int, share: str
) -> None:
    settings = load_settings(data_dir=tmp_path, model_cache_bytes=limit)
    with listen_together("127.0.0.1", 0, 3) as listeners:
        environments = [program.environment for program in api_programs(settings, listeners)]
    assert [environment[LIMIT] for environment in environments] == [share] * 3
