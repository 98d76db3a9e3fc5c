"""A project that `./run` installs without a network, and machines without venv, pip or uv."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A minimal project that pip can install: an in-tree build backend and a command.
BACKEND = """
import zipfile

FILES = {
    "stub.py": "import sys\\ndef main():\\n    print(sys.argv[1:])\\n    sys.exit(7)\\n",
    "METADATA": "Metadata-Version: 2.1\\nName: backpropd\\nVersion: 0.1\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "entry_points.txt": "[console_scripts]\\nbackpropd = stub:main\\n",
    "RECORD": "",
}

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "backpropd-0.1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for file, text in FILES.items():
            wheel.writestr(file if file == "stub.py" else f"backpropd-0.1.dist-info/{file}", text)
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# A python3 without ensurepip (Debian without python3-venv).
WITHOUT_VENV = """#!/bin/sh
case "$*" in
    "-m venv --without-pip "*) ;;
    "-m venv "*) mkdir -p "$3/bin"; echo "ensurepip is not available"; exit 1 ;;
esac
"""
# A fake uv whose environments print their arguments; it fails if ~/offline exists.
UV = """#!/bin/sh
echo "$@" >>"$HOME/uv.log"
bin=$UV_PROJECT_ENVIRONMENT/bin
mkdir -p "$bin"
for name in python backpropd; do
    printf '#!/bin/sh\\necho "$@"\\nexit 7\\n' >"$bin/$name"
    chmod +x "$bin/$name"
done
[ ! -f "$HOME/offline" ]
"""
WITHOUT_PIP = WITHOUT_VENV + 'case "$*" in "-m pip "*) exit 1 ;; esac\n'


def write_program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def run(
    project: Path, *arguments: str, first: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Call `run` from another folder, without a network and with only the system's programs."""
    write_program(project.parent / "bin", "python3", f'#!/bin/sh\nexec "{base_python()}" "$@"\n')
    path = os.pathsep.join(map(str, filter(None, (first, project.parent / "bin", "/usr/bin:/bin"))))
    return subprocess.run(
        [project / "run", *arguments],
        cwd="/",
        env={
            "PATH": path,
            "HOME": str(project.parent),
            "TMPDIR": str(project.parent),
            "PIP_NO_INDEX": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def base_python() -> str:
    # The base interpreter, so that new environments do not depend on the current one.
    return str(Path(sys.base_prefix, "bin", "python3"))


def assert_it_works(answer: subprocess.CompletedProcess[str]) -> None:
    assert answer.stdout == "['up', '--port', '1 2']\n", answer.stderr
    assert answer.returncode == 7
