"""Import rules between the layers (floors) of the project."""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.scheduling import APART, LONGEST, TOGETHER

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINTER_SETTINGS = PROJECT["tool"]["importlinter"]
MAX_TOP_MODULES = 10
LINTER = "import sys; from importlinter.cli import lint_imports_command as main; main()"


def test_no_floor_imports_what_it_must_not() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", LINTER, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "0 broken" in answer.stdout


def test_every_folder_with_folders_has_an_exhaustive_contract() -> None:
    """An exhaustive contract makes the linter fail for a new folder that it does not list."""
    pinned = {
        container
        for contract in LINTER_SETTINGS["contracts"]
        if contract["type"] == "layers" and contract.get("exhaustive")
        for container in contract["containers"]
    }
    with_folders = {
        ".".join(folder.parent.relative_to(ROOT).parts)
        for floor in LINTER_SETTINGS["root_packages"]
        for folder in (ROOT / floor).rglob("*")
        if folder.is_dir() and (folder / "__init__.py").exists()
    }
    assert pinned >= with_folders


def test_no_floor_has_more_than_ten_modules_at_its_top() -> None:
    for floor in LINTER_SETTINGS["root_packages"]:
        modules = {path.stem for path in (ROOT / floor).glob("*.py")} - {"__init__", "__main__"}
        assert len(modules) <= MAX_TOP_MODULES, f"{floor}: {sorted(modules)}"


def test_files_that_are_scheduled_first_exist() -> None:
    assert [path for path in (*APART, *TOGETHER, *LONGEST) if not (ROOT / path).exists()] == []
