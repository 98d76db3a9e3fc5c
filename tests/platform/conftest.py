"""Fixtures: the small project with the real `run`, and programs on its machine."""

import hashlib
import shutil
import zipfile
from pathlib import Path

import pip
import pytest

from tests.platform.small_project import BACKEND, PYPROJECT, ROOT, UV, write_program


@pytest.fixture(scope="session")
def pip_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the installed pip, as a download would provide it."""
    package = Path(pip.__file__).parent
    wheel = tmp_path_factory.mktemp("pip") / "pip.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for path in package.rglob("*"):
            if "__pycache__" not in path.parts:
                file.write(path, path.relative_to(package.parent))
    return wheel


@pytest.fixture
def project(tmp_path: Path, pip_wheel: Path) -> Path:
    """A project with the real `run` and a space in its path."""
    folder = tmp_path / "my project"
    folder.mkdir()
    shutil.copy(ROOT / "run", folder)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "requirements.txt").touch()
    digest = hashlib.sha256(pip_wheel.read_bytes()).hexdigest()
    wheel = f'{{ url = "{pip_wheel.as_uri()}", hash = "sha256:{digest}" }}'
    (folder / "uv.lock").write_text(f'[[package]]\nname = "pip"\nwheels = [{wheel}]\n')
    return folder


@pytest.fixture
def uv(project: Path) -> Path:
    """A folder with a fake uv."""
    write_program(project.parent / "with-uv", "uv", UV)
    return project.parent / "with-uv"
