"""`./run` on a small project that installs without a network."""

import stat
from pathlib import Path

import pytest

from tests.platform.small_project import (
    ROOT,
    WITHOUT_PIP,
    WITHOUT_VENV,
    assert_it_works,
    base_python,
    run,
    write_program,
)


def test_help_names_every_command_and_needs_nothing(project: Path) -> None:
    answer = run(project, "help")
    assert answer.returncode == 0
    for command in ("demo", "up", "test", "lint", "bench", "sync", "vendor", "pin-images", "help"):
        assert f"\n  {command} " in answer.stdout
    assert not (project / ".venv").exists()


def test_an_unknown_command_is_refused(project: Path) -> None:
    answer = run(project, "fly")
    assert answer.returncode == 2
    assert "no command 'fly'" in answer.stderr


@pytest.mark.rare
def test_with_venv_dependencies_are_installed_once(project: Path) -> None:
    assert_it_works(run(project, "up", "--port", "1 2"))
    made = (project / ".venv" / ".whole").stat().st_mtime_ns
    again = run(project, "up", "--port", "1 2")
    assert_it_works(again)
    assert again.stderr == ""
    assert (project / ".venv" / ".whole").stat().st_mtime_ns == made


@pytest.mark.rare
@pytest.mark.parametrize("python", [WITHOUT_VENV, WITHOUT_PIP], ids=["venv", "venv and pip"])
def test_dependencies_are_installed_without_venv_or_pip(project: Path, python: str) -> None:
    debian = project.parent / "debian"
    write_program(debian, "python3", f'{python}exec "{base_python()}" "$@"\n')
    write_program(
        debian, "uv", "#!/bin/sh\nexit 1\n"
    )  # a failing uv must not prevent the installation with pip
    assert_it_works(run(project, "up", "--port", "1 2", first=debian))
    assert not (project / ".venv" / "bin" / "pip").exists()


def test_a_download_that_is_not_the_locked_one_is_refused(project: Path) -> None:
    debian = project.parent / "debian"
    write_program(debian, "python3", f'{WITHOUT_PIP}exec "{base_python()}" "$@"\n')
    lock = (project / "uv.lock").read_text()
    (project / "uv.lock").write_text(lock.replace("sha256:", "sha256:0"))
    answer = run(project, "up", first=debian)
    assert answer.returncode == 1
    assert "the downloaded pip is not the one in uv.lock" in answer.stderr


def test_uv_is_used_where_there_is_one(project: Path, uv: Path) -> None:
    (project / "requirements-dev.txt").touch()
    answer = run(project, "test", "-k", "x y", first=uv)
    assert answer.stdout == (
        "-m pytest -n 3 --ignore=tests/reference "
        "-m not rare and not conformance and not browser -k x y\n"
    )
    assert answer.returncode == 7
    assert "NOT ALL TESTS" in answer.stderr
    asked = (project.parent / "uv.log").read_text()
    assert asked == (
        f"sync --quiet --project {project} --locked --inexact --group build --group dev\n"
    )
    # The test dependencies include those for running.
    assert run(project, "up", first=uv).stderr == ""


def test_an_interrupted_install_is_repeated(project: Path, uv: Path) -> None:
    (project.parent / "offline").touch()
    assert run(project, "up", first=uv).returncode == 1
    (project / ".venv" / "debris").touch()
    (project.parent / "offline").unlink()
    assert run(project, "up", "again", first=uv).stdout == "up again\n"
    assert not (project / ".venv" / "debris").exists()


def test_an_interrupted_install_of_more_packages_keeps_the_environment(
    project: Path, uv: Path
) -> None:
    """A service may run in it."""
    (project / "requirements-dev.txt").touch()
    run(project, "up", first=uv)
    (project / ".venv" / "kept").touch()
    (project.parent / "offline").touch()
    assert run(project, "test", first=uv).returncode == 1
    assert run(project, "up", "again", first=uv).stdout == "up again\n"
    (project.parent / "offline").unlink()
    assert run(project, "test", first=uv).returncode == 7
    assert (project / ".venv" / "kept").exists()


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml", "requirements.txt"])
def test_a_changed_lock_is_installed_into_the_existing_environment(
    project: Path, uv: Path, name: str
) -> None:
    run(project, "up", first=uv)
    (project / ".venv" / "kept").touch()
    with (project / name).open("a") as file:
        file.write("# changed\n")
    run(project, "up", first=uv)
    assert (project / ".venv" / "kept").exists()
    assert len((project.parent / "uv.log").read_text().splitlines()) == 2


def test_a_moved_project_is_reinstalled(project: Path, uv: Path) -> None:
    run(project, "up", first=uv)
    (project / ".venv" / "debris").touch()
    moved = project.rename(project.with_name("moved"))
    assert run(moved, "up", first=uv).returncode == 7
    assert not (moved / ".venv" / "debris").exists()


def test_a_missing_python_is_reported(project: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        write_program(project.parent / "old", name, "#!/bin/sh\nexit 1\n")
    answer = run(project, "up", first=project.parent / "old")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1].startswith("run: Python 3.11 or newer is needed")


def test_the_scripts_can_be_executed() -> None:
    for script in (ROOT / "run", ROOT / ".ci" / "run"):
        assert script.stat().st_mode & stat.S_IXUSR


def test_ci_runs_what_the_readme_names() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("./run")] == [
        "./run lint",
        "./run test",
        "./run test --all -m browser",
        './run test --all -m "rare or conformance"',
        "./run test --all tests/reference",
        "./run demo",
    ]
