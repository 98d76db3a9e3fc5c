"""Serve a floor with the options of `backpropd api`.

    python -m benchmarks.serving.apps APP FILE [--keep-memory]

Listens on a free port of 127.0.0.1 and prints the port.
"""

import argparse
import importlib
import logging
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cli.serving.malloc_tuning import keep_freed_memory
from cli.serving.server import server_config
from cli.serving.sockets import listen


def main() -> None:
    """Serve until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.apps")
    parser.add_argument("app")
    parser.add_argument("file", type=Path)
    parser.add_argument("--keep-memory", action="store_true")
    arguments = parser.parse_args()
    if arguments.keep_memory:
        keep_freed_memory()
    module = importlib.import_module(f"benchmarks.serving.apps.{arguments.app}")
    config = server_config(module.create_app(arguments.file), HttpToolsProtocol)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
