"""Installation of the locked npm packages in a folder."""

import os
import shutil
import subprocess
from pathlib import Path

from deploy.vendoring.copies import FOLDER

TIMEOUT = 300.0


def find_npm() -> str | None:
    """The path of npm, if this machine has it."""
    return shutil.which("npm")


def install_packages(npm: str, folder: Path) -> Path:
    """Install the locked packages in a folder, without their scripts. Returns `node_modules`.

    npm refuses a package whose content differs from its integrity in the lock file.
    """
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(FOLDER / name, folder / name)
    environment = {**os.environ, "npm_config_cache": str(folder / "cache")}
    subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    return folder / "node_modules"
