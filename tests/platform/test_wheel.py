"""The wheel that the image installs contains every package, the page and the migrations."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from service.page.files import hash_files, read_files
from service.page.page import load_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_everything_that_runs(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build group is not installed: use ./run test")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=300,
    )
    (wheel,) = tmp_path.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    names = set(archive.namelist())
    sources = {
        str(path.relative_to(ROOT))
        for package in ("engine", "store", "workers", "service", "cli", "migrations")
        for path in (ROOT / package).rglob("*.py")
    }
    assert names >= sources
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "deploy/"))]
    archive.extractall(tmp_path / "installed")
    files = read_files(tmp_path / "installed" / "service" / "static")
    assert hash_files(files) == load_page().version
