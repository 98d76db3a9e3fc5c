"""`backpropd demo`, and the curl commands that it prints."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from cli.demo.demo import GOAL, JOB
from cli.demo.digits import DIGITS_PATH, read_digits
from cli.demo.output import commands
from cli.demo.temporary_service import temporary_service
from cli.errors import CommandError
from tests.cli.service import Service, run
from tests.servers import needs_curl


@pytest.mark.rare
def test_the_demo_reaches_its_goal_and_reports_it() -> None:
    answer = run("demo")
    assert (answer.returncode, answer.stderr) == (0, "")
    found = re.search(r"accuracy ([0-9.]+): \d+ of the 359 test rows", answer.stdout)
    assert found is not None, answer.stdout
    assert float(found[1]) >= GOAL
    losses = [float(loss) for loss in re.findall(r"epoch +\d+: loss ([0-9.]+)", answer.stdout)]
    assert len(losses) == 7
    assert losses[0] > losses[1] > losses[-1]


@needs_curl
def test_the_printed_commands_do_the_same(shared_service: Service) -> None:
    digits = read_digits()
    # Fewer epochs are enough to know this digit.
    session = commands(shared_service.url, {**JOB, "epochs": 8}, digits.kept_rows[0])
    shell = subprocess.run(
        ["sh", "-ec", session], capture_output=True, text=True, timeout=300, check=True
    )
    losses, prediction = map(json.loads, shell.stdout.splitlines())
    assert losses["data"][0]["epoch"] == 0
    assert prediction["data"][0]["label"] == digits.kept_labels[0]


def test_every_fifth_row_is_a_test_row() -> None:
    digits = read_digits()
    lines = DIGITS_PATH.read_text().splitlines()
    assert digits.training_rows == 1438
    assert digits.training_csv.count("\n") == 1439
    assert digits.kept_rows[0] == [int(value) for value in lines[5].split(",")[:-1]]
    kept = Counter(",".join(map(str, row)) for row in digits.kept_rows)
    trained = Counter(line.rpartition(",")[0] for line in digits.training_csv.splitlines()[1:])
    assert kept + trained == Counter(line.rpartition(",")[0] for line in lines[1:])


def test_missing_digits_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="the digits are missing"):
        read_digits(tmp_path / "digits.csv")


def test_a_service_that_does_not_start_is_reported_with_its_log() -> None:
    with (
        pytest.raises(CommandError, match=r"does not start: .*BACKPROPD_LEASE_SECONDS"),
        temporary_service(lease_seconds="soon"),
    ):
        pass
