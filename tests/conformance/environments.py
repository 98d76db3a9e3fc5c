"""An environment per foreign package, whose pinned dependencies exclude those of the service."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
# Parts of pip's messages if it cannot reach an index.
OFFLINE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "ProxyError",
    "Max retries exceeded",
)


def find_environment(tool: str) -> Path:
    """Return the folder of a package's environment, which is installed first if necessary.

    The test that asks for it is skipped if no package index can be reached.
    """
    requirements = FOLDER / tool / "requirements.txt"
    environment = FOLDER / tool / ".venv"
    stamp = environment / ".installed"
    # Two processes of the tests may need the same environment.
    with requirements.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        wanted = f"{environment}\n{requirements.read_text()}"
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(requirements, environment)
            stamp.write_text(wanted)
    return environment


def _install(requirements: Path, environment: Path) -> None:
    # Without pip: Debian's Python cannot install one, and this environment has one.
    venv: list[str | Path] = [sys.executable, "-m", "venv", "--clear", "--without-pip", environment]
    subprocess.run(venv, check=True)
    # Without dependencies: the file names all that are needed.
    pip: list[str | Path] = [
        *(sys.executable, "-m", "pip", "--python", environment / "bin" / "python"),
        *("--disable-pip-version-check", "install", "--quiet", "--require-hashes", "--no-deps"),
        *("-r", requirements),
    ]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=600, check=False)
    if any(part in done.stderr for part in OFFLINE):
        pytest.skip(f"NOT TESTED: no network to install {requirements.parent.name}")
    assert done.returncode == 0, done.stderr
