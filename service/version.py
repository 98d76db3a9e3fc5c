"""The installed version of the package."""

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("backpropd")
    except PackageNotFoundError:
        return "0"


VERSION = _installed()
