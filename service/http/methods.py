"""The methods of a path, for the `Allow` header of a 405 (RFC 9110, 10.2.1)."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def find_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods of all routes that match a path, in alphabetical order."""
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.methods and route.path_regex.match(path):
            found |= route.methods
    return sorted(found)
