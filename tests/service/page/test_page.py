"""Reading the page's files: their hash, and the modules that a module imports."""

from pathlib import Path

import pytest

from service.page.files import hash_files, read_files, shorten
from service.page.modules import find_imports, reach_modules
from service.page.page import load_page

FILES = {
    "index.html": '<html><head><script src="static/HASH/app.js"></script></head></html>',
    "app.js": "import './a.js';\nimport { b } from './parts/b.js';\nconst x = import('./lazy.js');",
    "a.js": "export * from './parts/b.js';\n",
    "parts/b.js": "import {c}from'../a.js';export{c};",
    "lazy.js": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_hash_depends_on_every_path_and_content(folder: Path) -> None:
    hashes = {hash_files(read_files(folder))}
    (folder / "a.js").write_text("export {};")
    hashes.add(hash_files(read_files(folder)))
    (folder / "a.js").rename(folder / "d.js")
    hashes.add(hash_files(read_files(folder)))
    (folder / "index.html").write_text("")
    hashes.add(hash_files(read_files(folder)))
    assert len(hashes) == 4
    assert hash_files(read_files(folder)) in hashes


def test_hidden_and_unknown_files_are_no_part_of_it(folder: Path) -> None:
    before = hash_files(read_files(folder))
    for name in (".app.js.swp", ".hidden.js", "notes.orig"):
        (folder / name).write_text("x")
    assert hash_files(read_files(folder)) == before


def test_the_index_names_the_hash_and_the_static_imports(folder: Path) -> None:
    page = load_page(folder)
    html = page.index.content.decode()
    for path in ("app.js", "a.js", "parts/b.js"):
        link = f'<link rel="modulepreload" href="static/{page.version}/{path}">'
        assert html.count(link) == 1
    assert "lazy.js" not in html
    assert f'src="static/{page.version}/app.js"' in html


def test_modules_are_reached_once_each(folder: Path) -> None:
    assert reach_modules(read_files(folder), "app.js") == ["app.js", "a.js", "parts/b.js"]


def test_scripts_are_served_shorten() -> None:
    source = b"""/** A module. */
import './a.js';

/**
 * Long.
 */
export const address = 'http://a/'; // kept
  // Why.
  /** Short. */
const types = () => 'text/*, */*'
    .split(', ');
"""
    lines = source.split(b"\n")
    kept = shorten(source).split(b"\n")
    assert len(kept) == len(lines)
    assert {number for number, line in enumerate(kept, 1) if line} == {2, 7, 10, 11}
    assert all(line in {b"", old.lstrip()} for line, old in zip(kept, lines, strict=True))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import x from './x.js';", ["core/x.js"]),
        ("import {\n  a,\n  b as c,\n} from '../b.js';", ["b.js"]),
        ("import * as all from './x.js'", ["core/x.js"]),
        (
            "/**\n * License */\nimport{t}from\"./x.js\";import{y}from'./y.js'",
            ["core/x.js", "core/y.js"],
        ),
        ("export { a } from './x.js';", ["core/x.js"]),
        ("/** @import { A } from './x.js' */", []),
        ("/**\nimport './x.js';\n*/", []),
        ("import('./x.js')", []),
        ("export const from = './x.js';", []),
        ("const text = \"import './x.js'\";", []),
    ],
)
def test_static_imports_are_found(source: str, expected: list[str]) -> None:
    assert find_imports("core/a.js", source) == expected
