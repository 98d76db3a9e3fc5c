"""Serve a floor with the options of `backpropd api`: python -m benchmarks.serving.apps APP FILE.

Listens on a free port of 127.0.0.1 and prints the port.
"""

import argparse
import importlib
from pathlib import Path

import uvicorn

from cli.serving.server import KEEP_ALIVE_SECONDS
from cli.serving.sockets import BACKLOG, listen


def main() -> None:
    """Serve until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.apps")
    parser.add_argument("app")
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    module = importlib.import_module(f"benchmarks.serving.apps.{arguments.app}")
    config = uvicorn.Config(
        module.create_app(arguments.file),
        http="httptools",
        loop="uvloop",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
