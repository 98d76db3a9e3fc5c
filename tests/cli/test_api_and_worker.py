"""`backpropd api` and `worker`: operator errors are reported in one line, without a traceback."""

from pathlib import Path

import pytest

from tests.cli.service import clean_environment, run

REDIS = "redis://127.0.0.1:1/0"


def _refusal(*arguments: str | Path, status: int = 2, **variables: str) -> str:
    answer = run(*arguments, environment=clean_environment(**variables))
    assert (answer.returncode, answer.stdout) == (status, "")
    assert answer.stderr.startswith("backpropd: ")
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr.removeprefix("backpropd: ").rstrip()


@pytest.mark.parametrize("command", ["up", "api", "worker", "migrate"])
def test_a_bad_setting_is_named(command: str) -> None:
    assert "BACKPROPD_LEASE_SECONDS" in _refusal(command, BACKPROPD_LEASE_SECONDS="soon")


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_missing_broker_url_is_reported(command: str) -> None:
    assert "BACKPROPD_BROKER_URL is not set" in _refusal(command)


@pytest.mark.parametrize("command", ["up", "migrate", "api"])
def test_an_unreachable_database_is_reported_in_one_line(command: str, tmp_path: Path) -> None:
    arguments = {
        "up": ("--port", "0", "--data", str(tmp_path)),
        "api": ("--port", "0"),
        "migrate": (),
    }[command]
    refusal = _refusal(
        command,
        *arguments,
        status=1,
        BACKPROPD_DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/nothing",
        BACKPROPD_BROKER_URL=REDIS,
    )
    assert "connection" in refusal
    assert "secret" not in refusal


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_api_refuses_an_outdated_schema(processes: str, tmp_path: Path) -> None:
    arguments = ("--port", "0", "--processes", processes)
    refusal = _refusal(
        "api", *arguments, BACKPROPD_DATA_DIR=str(tmp_path), BACKPROPD_BROKER_URL=REDIS
    )
    assert "run `backpropd migrate`" in refusal


def test_several_processes_do_not_serve_an_inherited_socket(tmp_path: Path) -> None:
    arguments = ("api", "--processes", "2", "--fd", "0")
    refusal = _refusal(
        *arguments, status=1, BACKPROPD_DATA_DIR=str(tmp_path), BACKPROPD_BROKER_URL=REDIS
    )
    assert refusal.startswith("--processes needs an address")


def test_the_api_refuses_a_descriptor_that_is_not_a_socket(tmp_path: Path) -> None:
    variables = {"BACKPROPD_DATA_DIR": str(tmp_path), "BACKPROPD_BROKER_URL": REDIS}
    refusal = _refusal("api", "--fd", "0", status=1, **variables)
    assert refusal == "file descriptor 0 is not a socket"


def test_migrate_creates_the_database_and_is_idempotent(tmp_path: Path) -> None:
    environment = clean_environment(BACKPROPD_DATA_DIR=str(tmp_path / "data"))
    for _ in range(2):
        answer = run("migrate", environment=environment)
        assert (answer.returncode, answer.stderr) == (0, "")
    assert (tmp_path / "data" / "backpropd.sqlite3").is_file()


def test_help_names_every_command() -> None:
    answer = run("--help")
    for command in ("up", "api", "worker", "migrate", "demo"):
        assert f" {command} " in answer.stdout
