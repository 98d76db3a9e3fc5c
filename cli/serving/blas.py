"""The API computes with the workers' BLAS threads and kernel."""

import os
import sys

from workers.process.blas_threads import blas_environment

# Contains the pid of the process that has restarted itself: exec keeps the pid.
RESTARTED = "_BACKPROPD_RESTARTED"


def restart_with_worker_blas() -> None:
    """Restart this process with the workers' BLAS variables, unless it has them already.

    BLAS reads them when NumPy is first imported, so this must be called before. The restart keeps
    the command line, the pid and inherited file descriptors. It happens at most once, even if the
    interpreter is a script that sets the variables itself.
    """
    wanted = blas_environment()
    is_restarted = os.environ.pop(RESTARTED, None) == str(os.getpid())
    if is_restarted or all(os.environ.get(name) == value for name, value in wanted.items()):
        return
    command = [sys.executable, *sys.orig_argv[1:]]
    environment = {**os.environ, **wanted, RESTARTED: str(os.getpid())}
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own command line
