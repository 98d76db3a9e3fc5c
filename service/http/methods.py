"""The methods of a path, for the `Allow` header of a 405 (RFC 9110, 10.2.1)."""

from fastapi import Request
from fastapi.routing import iter_route_contexts


def find_methods(request: Request) -> list[str]:
    """Return the methods of all routes that match the request's path, in alphabetical order."""
    path = request.scope["path"]
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path_regex.match(path):
            found |= route.methods
    return sorted(found)
