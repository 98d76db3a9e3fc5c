"""The modules that a JavaScript module imports."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from service.page.files import File

# A licence, or JSDoc with imports of types, which load nothing.
_COMMENT = re.compile(r"^\s*/\*.*?\*/", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(
    r"""(?:^|;)\s*(?:import|export)\b(?:[\w\s{},*$]*?from)?\s*["']([^"']+)["']""", re.MULTILINE
)


def find_imports(path: str, source: str) -> list[str]:
    """Return the paths of the modules that a module at a path imports statically."""
    folder = posixpath.dirname(path)
    found = _IMPORT.findall(_COMMENT.sub("", source))
    return [posixpath.normpath(posixpath.join(folder, name)) for name in found]


def reach_modules(files: Mapping[str, File], path: str) -> list[str]:
    """Return the modules that a module imports, directly or not, and itself: the nearest first."""
    reached = [path]
    for module in reached:
        reached += _new(find_imports(module, files[module].content.decode()), reached)
    return reached


def _new(paths: list[str], reached: list[str]) -> Iterator[str]:
    return (path for path in dict.fromkeys(paths) if path not in reached)
