"""The source files of the page, and which modules they import."""

import posixpath
import re
from fnmatch import filter as matching

from service.page.modules import find_imports
from service.page.page import FOLDER

SOURCES = {
    path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
    for suffix in ("js", "css", "html")
    for path in sorted(FOLDER.rglob(f"*.{suffix}"))
}
OWN = {path: text for path, text in SOURCES.items() if not path.startswith("vendor/")}
SCRIPTS = {path: text for path, text in OWN.items() if path.endswith(".js")}
STYLES = {path: text for path, text in OWN.items() if path.endswith(".css")}
# From the lowest: a module imports modules of its own folder and of those before it.
FLOORS = ("vendor", "core", "parts", "diagram", "views", "app.js")
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
_DYNAMIC = re.compile(r"\bimport\(\s*(['\"`])(.+?)\1\s*\)")
_STYLE = re.compile(r"@import\s+url\(\s*['\"]?([^'\")]+)")
_INSERTED = re.compile(r"\$\{[^}]*\}")


def without_comments(text: str) -> str:
    """Return a source without its comments."""
    return _COMMENT.sub("", text)


def lazy_imports(path: str, text: str) -> list[str]:
    """Return the modules that `import()` may load; `${...}` in a name stands for any text."""
    folder = posixpath.dirname(path)
    patterns = [_INSERTED.sub("*", name) for _, name in _DYNAMIC.findall(without_comments(text))]
    return [
        found
        for pattern in patterns
        for found in matching(SCRIPTS, posixpath.normpath(posixpath.join(folder, pattern)))
    ]


def imports_of(path: str) -> list[str]:
    """Return the modules that a module imports, now or later."""
    return [*find_imports(path, SOURCES[path]), *lazy_imports(path, SOURCES[path])]


def styles_of(path: str) -> list[str]:
    """Return the styles that a style imports."""
    folder = posixpath.dirname(path)
    names = _STYLE.findall(without_comments(SOURCES[path]))
    return [posixpath.normpath(posixpath.join(folder, name)) for name in names]


def floor_of(path: str) -> int:
    """Return the place of a module's folder in FLOORS."""
    return FLOORS.index(path.partition("/")[0])
