"""The commands of docs/health-checks.md run; its tables name the fields and verdicts."""

import json
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from engine.health_checks.initial_loss import (
    PASSING_RATIO,
    PASSING_SQUARED,
    WARNING_RATIO,
    WARNING_SQUARED,
)
from engine.health_checks.run_checks import HealthCheck
from engine.health_checks.verdict import Verdict
from tests.cli.service import Service
from tests.docs.blocks import run_blocks
from tests.servers import ROOT, needs_curl

TEXT = (ROOT / "docs" / "health-checks.md").read_text()


@pytest.mark.rare
@needs_curl
def test_the_commands_check_a_training(
    shared_service: Service, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("checks")
    found = json.loads(run_blocks("health-checks.md", shared_service.url, folder)["checks"])
    assert [check["verdict"] for check in found["checks"]] == ["passed"] * 3


def test_every_verdict_check_and_number_is_described() -> None:
    for verdict in get_args(Verdict):
        assert f"| `{verdict}` |" in TEXT
    for check in get_args(HealthCheck):
        name = next(field.default for field in fields(check) if field.name == "name")
        assert f"## `{name}`" in TEXT
    assert f"passes up to a ratio of {PASSING_RATIO:g} and fails above {WARNING_RATIO:g};" in TEXT
    assert f"the limits are {PASSING_SQUARED:g} and {WARNING_SQUARED:g}." in TEXT
