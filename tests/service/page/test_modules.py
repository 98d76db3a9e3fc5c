"""Imports of the page's modules: floors, no cycles, no module that nothing loads."""

import re
from graphlib import TopologicalSorter

from service.page.modules import find_imports, reach_modules
from service.page.page import load_page
from tests.service.page.modules import (
    FLOORS,
    OWN,
    SCRIPTS,
    SOURCES,
    STYLES,
    floor_of,
    imports_of,
    without_comments,
)

# The views, which app.js opens by the names of their folders.
VIEWS = [path for path in SCRIPTS if re.fullmatch(r"views/\w+/view\.js", path)]
SPECIFIER = re.compile(r"(?:^|;)\s*(?:import|export)\b[^'\";]*?['\"]([^'\"]+)['\"]", re.MULTILINE)


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
    assert users <= {"core/dom.js", "core/state.js", "parts/chart.js"}


def test_every_import_is_a_file() -> None:
    missing = [
        f"{path} imports {imported}"
        for path in SOURCES
        if path.endswith(".js")
        for imported in imports_of(path)
        if imported not in SOURCES
    ]
    assert missing == []


def test_imports_are_relative() -> None:
    elsewhere = [
        f"{path} imports {name}"
        for path, text in SCRIPTS.items()
        for name in SPECIFIER.findall(without_comments(text))
        if not name.startswith(("./", "../"))
    ]
    assert elsewhere == []


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
    assert [path for path in SCRIPTS if path not in reached] == []
    assert [
        path for path in reach_modules(load_page().files, "app.js") if path not in reached
    ] == []


def test_every_style_is_loaded_by_something() -> None:
    for path in STYLES:
        name = "view.css" if path.endswith("/view.css") else path
        users = [
            user
            for user, text in OWN.items()
            if user != path and (name in text or name.rpartition("/")[2] in text)
        ]
        assert users or path.removesuffix(".css") + ".js" in VIEWS, f"{path} is not loaded"
