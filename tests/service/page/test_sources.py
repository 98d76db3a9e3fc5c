"""Rules of the page's sources: no HTML from text, short files, documented exports."""

import re

import pytest

from tests.service.page.modules import OWN, SCRIPTS, STYLES, without_comments

MAX_LINES = 200
# The policy of the page blocks these, or they would make HTML of text.
FORBIDDEN = {
    "HTML from text": r"\b(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write"
    r"|unsafe(?:HTML|SVG|MathML)|DOMParser|createContextualFragment",
    "code from text": r"\beval\(|new Function\b|javascript:|set(?:Timeout|Interval)\(\s*['\"`]",
    "style attribute": r"\sstyle=|\bstyleMap\b|setAttribute\(\s*['\"]style['\"]",
    "inline handler": r"\son[a-z]+=(?!=)",
    "another origin": r"\bhttps?://(?!www\.w3\.org/)",
}
# Parses MathML as XML, and rebuilds the elements that it knows.
ALLOWED = {"parts/formula.js: DOMParser"}
CSS_FORBIDDEN = {
    "id": r"^\s*[^{}@]*#[a-z][\w-]*[^{};]*\{",
    "!important": r"!important",
    "address": r"\burl\((?!['\"]?(?:data:|\.\.?/))|@import\s+(?!url\()",
}
EXPORTED = re.compile(
    r"^export\s+(?:default\s+)?(?:async\s+)?(?:const|let|function\*?|class)\s+(\w+)", re.MULTILINE
)


def _find(pattern: str, files: dict[str, str]) -> list[str]:
    return [
        f"{path}: {found[0].strip()}"
        for path, text in files.items()
        for found in re.finditer(pattern, without_comments(text), re.MULTILINE)
    ]


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_sources_do_without(rule: str) -> None:
    markup = {path: text for path, text in OWN.items() if not path.endswith(".css")}
    assert set(_find(FORBIDDEN[rule], markup)) <= ALLOWED


@pytest.mark.parametrize("rule", CSS_FORBIDDEN)
def test_styles_do_without(rule: str) -> None:
    assert _find(CSS_FORBIDDEN[rule], STYLES) == []


def test_files_are_short() -> None:
    lengths = {path: len(text.splitlines()) for path, text in OWN.items()}
    assert {path: lines for path, lines in lengths.items() if lines >= MAX_LINES} == {}


def test_every_export_has_a_comment() -> None:
    bare = [
        f"{path}: {found[1]}"
        for path, text in SCRIPTS.items()
        for found in EXPORTED.finditer(text)
        if not text[: found.start()].rstrip(" ").removesuffix("\n").endswith("*/")
    ]
    assert bare == []


def test_comments_are_not_inside_of_templates() -> None:
    """They are removed where they begin a line, so a template must have no such line."""
    inside = [
        f"{path}:{text[: found.start()].count(chr(10)) + 1}"
        for path, text in SCRIPTS.items()
        for found in re.finditer(r"^[ \t]*(?:/\*\*|//)", text, re.MULTILINE)
        if text[: found.start()].count("`") % 2
    ]
    assert inside == []


def test_every_module_begins_with_a_comment() -> None:
    assert [path for path, text in SCRIPTS.items() if not text.startswith("/**")] == []


def test_a_class_alone_has_its_rules_in_one_file() -> None:
    """Style sheets of views are in effect one at a time, all others together."""
    places: dict[str, set[str]] = {}
    for path, text in STYLES.items():
        for selector in re.findall(r"([^{};]+)\{", without_comments(text)):
            for name in re.findall(r"(?:^|,)\s*(\.[a-z][\w-]*)\s*(?=,|$)", selector):
                places.setdefault(name, set()).add(path)
    doubled = {
        name: sorted(paths)
        for name, paths in places.items()
        if len(paths) > 1 and not all(path.startswith("views/") for path in paths)
    }
    assert doubled == {}
