"""Settings that cannot work: every command refuses with exit status 2, in one line.

The line names the setting and does not show a password.
"""

from itertools import cycle
from pathlib import Path

import pytest

from tests.cli.service import clean_environment, run
from tests.hostile.commands import lines_of

COMMANDS = {
    "api": ("--port", "0"),
    "up": ("--port", "0"),
    "worker": ("--concurrency", "1"),
    "migrate": (),
}
DATABASE, BROKER, BLOBS = (f"BACKPROPD_{name}_URL" for name in ("DATABASE", "BROKER", "BLOB"))
UNUSABLE = [
    (DATABASE, "mysql://u:hush@h/x", "mysql:// is not supported"),
    (DATABASE, "postgresql+asyncpg://u:hush@h/x", "is not supported"),
    (DATABASE, "postgres://u:hush@h/x", "postgresql://"),
    (DATABASE, "postgresql://u:hush@h:port/x", "with a number as port"),
    (DATABASE, "hush", "is not a URL"),
    (DATABASE, "sqlite://", "in memory"),
    (BROKER, "redis://:hush@h:port/0", "must be redis://"),
    (BROKER, "redis://:hush@h:6379/hush", "must be redis://"),
    (BROKER, "http://hush", "must be redis://"),
    (BLOBS, "https://hush.s3.amazonaws.com", "s3://bucket"),
    ("BACKPROPD_BLOB_ENDPOINT", "http://h:port", "http://host:port"),
]


def _refusal(command: str, **variables: str) -> str:
    answer = run(command, *COMMANDS[command], environment=clean_environment(**variables))
    assert (answer.returncode, answer.stdout) == (2, ""), answer.stderr
    (line,) = lines_of(answer.stderr)
    return line


@pytest.mark.rare
@pytest.mark.parametrize(
    ("command", "setting", "value", "why"),
    # Each setting by one of the commands: they share the check.
    [(command, *case) for command, case in zip(cycle(COMMANDS), UNUSABLE, strict=False)],
)
def test_command_refuses_the_setting(
    tmp_path: Path, command: str, setting: str, value: str, why: str
) -> None:
    variables = {"BACKPROPD_DATA_DIR": str(tmp_path), BROKER: "redis://127.0.0.1:1/0"}
    line = _refusal(command, **{**variables, setting: value})
    assert setting in line
    assert why in line
    assert "hush" not in line


@pytest.mark.rare
@pytest.mark.parametrize("command", COMMANDS)
def test_command_refuses_a_damaged_database_file(tmp_path: Path, command: str) -> None:
    path = tmp_path / "backpropd.sqlite3"
    path.write_bytes(b"not a database " * 1000)
    line = _refusal(
        command, BACKPROPD_DATA_DIR=str(tmp_path), BACKPROPD_BROKER_URL="redis://127.0.0.1:1/0"
    )
    assert "the database file is damaged" in line
    assert "restore a backup" in line
    assert path.read_bytes() == b"not a database " * 1000
