"""Environment variables of the processes that a command starts."""

import os
from pathlib import Path

from store.settings import Settings
from workers.process.blas_threads import blas_environment


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the variables of a child process: these settings, and the workers' BLAS variables."""
    # Children run the same code, also if the project is run from its folder without an install.
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    # Predictions use the same BLAS kernel and thread count as the workers' training.
    blas = blas_environment()
    return {**os.environ, **settings.environment(), **blas, "PYTHONPATH": path}
