"""Imports of the page's modules: floors, no cycles, no module that nothing loads."""

import posixpath
import re
from graphlib import TopologicalSorter
from pathlib import Path

from service.page.modules import find_imports, reach_modules
from service.page.page import load_page
from tests.service.page.modules import (
    FLOORS,
    SCRIPTS,
    SOURCES,
    STYLES,
    floor_of,
    imports_of,
    styles_of,
    without_comments,
)

# The views, which app.js opens by the names of their folders.
VIEWS = [path for path in SCRIPTS if re.fullmatch(r"views/\w+/view\.js", path)]


def test_modules_import_only_modules_of_their_floor_and_below() -> None:
    upwards = [
        f"{path} imports {imported}"
        for path in SCRIPTS
        for imported in imports_of(path)
        if floor_of(imported) > floor_of(path)
    ]
    assert upwards == []


def test_every_script_is_on_a_floor() -> None:
    assert {path.partition("/")[0] for path in SCRIPTS} <= set(FLOORS)


def test_views_do_not_import_each_other() -> None:
    def view(path: str) -> str:
        return path.split("/")[1]

    across = [
        f"{path} imports {imported}"
        for path in SCRIPTS
        for imported in imports_of(path)
        if path.startswith("views/")
        and imported.startswith("views/")
        and view(path) != view(imported)
    ]
    assert across == []


def test_only_the_core_and_charts_know_the_libraries() -> None:
    """A new version of a library changes its address: few modules name it."""
    users = {path for path, text in SCRIPTS.items() if "vendor/" in without_comments(text)}
    assert users <= {"core/dom.js", "core/state.js", "parts/charts/uplot.js"}


def test_every_import_is_a_file() -> None:
    """So names of packages and absolute addresses are not imported."""
    missing = [
        f"{path} imports {imported}"
        for path in SOURCES
        if path.endswith(".js")
        for imported in imports_of(path)
        if imported not in SOURCES
    ]
    assert missing == []


NAMES = re.compile(r"(?:import|export)\s*\{([^}]*)\}\s*from\s*['\"]([^'\"]+)['\"]")
BROWSER_TESTS = Path(__file__).parents[2] / "browser"
EXPORTED = re.compile(
    r"^export\s+(?:async\s+)?(?:const|let|function\*?|class)\s+(\w+)", re.MULTILINE
)
EXPORTS = re.compile(
    r"^export\s+(?:async\s+)?(?:const|let|function\*?|class)\s+(\w+)|^export\s*\{([^}]*)\}",
    re.MULTILINE,
)


def _names(text: str) -> list[str]:
    """Names of a list in braces, as its module has them."""
    return [one.split(" as ")[0].strip() for one in text.split(",") if one.strip()]


def test_every_imported_name_is_exported() -> None:
    exported = {
        path: {name for one, many in EXPORTS.findall(text) for name in [one, *_names(many)]}
        for path, text in SCRIPTS.items()
    }
    missing = [
        f"{path} imports {name} from {source}"
        for path, text in SCRIPTS.items()
        for names, source in NAMES.findall(text)
        for target in [posixpath.normpath(posixpath.join(posixpath.dirname(path), source))]
        if target in exported
        for name in _names(names)
        if name not in exported[target]
    ]
    assert missing == []


def test_static_imports_have_no_cycle() -> None:
    TopologicalSorter({path: find_imports(path, text) for path, text in SCRIPTS.items()}).prepare()


def test_every_module_is_loaded_by_something() -> None:
    reached: set[str] = set()
    waiting = ["app.js", *VIEWS]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += imports_of(path)
    # Types are imported by comments only.
    assert [path for path in SCRIPTS if path not in reached] == ["diagram/answer_types.js"]
    assert [
        path for path in reach_modules(load_page().files, "app.js") if path not in reached
    ] == []


def test_every_style_is_loaded_by_something() -> None:
    """Of index.html, of a view of the same name, or of another style."""
    named = {path for path in STYLES if path in SOURCES["index.html"]}
    of_views = {path.removesuffix(".js") + ".css" for path in VIEWS}
    imported = {name for path in STYLES for name in styles_of(path)}
    assert imported <= STYLES.keys() | SOURCES.keys()
    assert set(STYLES) - named - of_views - imported == set()


def test_every_export_is_used_by_another_module_or_a_test() -> None:
    """Views are opened by app.js."""
    tests = "".join(path.read_text("utf-8") for path in BROWSER_TESTS.rglob("*.py"))
    unused = [
        f"{path}: {name}"
        for path, text in SCRIPTS.items()
        if path not in VIEWS
        for name in EXPORTED.findall(text)
        if not re.search(rf"\b{name}\b", tests)
        and not any(
            re.search(rf"\b{name}\b", other) for one, other in SCRIPTS.items() if one != path
        )
    ]
    assert unused == []
