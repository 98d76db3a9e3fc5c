"""Plain technical English in code, documents and the OpenAPI document."""

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app import create_app
from store.db.migrate import upgrade
from store.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SELF = Path(__file__).relative_to(ROOT).as_posix()
MAX_ALLOWED = 20

IDIOMS = {
    "report, record or return, not tell": r"\b(told|tells?|telling)\b",
    "the number, not so many": r"\bso many\b",
    "the client, the caller, the worker": r"\b(whoever|nobody|somebody)\b",
    "name what was stated": r"\b(as|is|are) said\b|\bsaid of\b",
    "not a, instead of is no": r"(?<!there )\b(is|are|was|were) no (?!longer|more|matter)\w+",
    "per, not a": r"\bone an? (row|class|column|job|layer|epoch|step|line|file|value|number|input|"
    r"level|category|key|worker|batch)\b",
    "dispatch, publish, fail": r"\b(rings?|rung|ringing|doorbells?|bury|buried|buries)\b",
    "belongs to, amounts to, without effect": r"\b(goes with|comes to|for nothing)\b",
    "the subject first": r"(?:^|[.:] |\"{3}|# )Of (several|those|two|many|all)\b",
    "the fact first": r"^\W*What\b(?!.*\?)",
}
PATTERNS = {rule: re.compile(pattern, re.IGNORECASE) for rule, pattern in IDIOMS.items()}
# A sentence's first word: the case matters.
for rule in ("the subject first", "the fact first"):
    PATTERNS[rule] = re.compile(IDIOMS[rule])
# Drawings have rings.
NO_RULES_OF_THE_PAGE = {"dispatch, publish, fail"}
# Lines that are right English: (file, a part of the line).
ALLOWED: set[tuple[str, str]] = {
    ("tests/cli/test_api_and_worker.py", "postgresql://nobody:"),
    ("tests/store/db/test_database.py", "postgresql://nobody@"),
}


def list_files(*patterns: str) -> list[str]:
    """The files of the project that match, without this one."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in found.stdout.split() if name != SELF and (ROOT / name).exists()]


def prose_of_code(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a module's comments and strings, with their numbers."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.COMMENT, tokenize.STRING}:
            for offset, line in enumerate(token.string.split("\n")):
                yield token.start[0] + offset, line


def find_idioms(name: str, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """The lines that hold an idiom, each with the rule that it breaks."""
    for number, line in lines:
        for rule, pattern in PATTERNS.items():
            is_allowed = any(name == file and part in line for file, part in ALLOWED)
            if pattern.search(line) and not is_allowed:
                yield f"{name}:{number}: {rule}: {line.strip()}"


def list_page_files() -> list[str]:
    """The page's own sources, without the copies of libraries."""
    names = list_files("service/static/*.js", "service/static/*.css", "service/static/*.html")
    return [name for name in names if not name.startswith("service/static/vendor/")]


def texts_of(document: object) -> Iterator[str]:
    """Every text of a JSON document."""
    match document:
        case str():
            yield document
        case dict():
            for value in document.values():
                yield from texts_of(value)
        case list():
            for value in document:
                yield from texts_of(value)


def test_code_is_plain_technical_english() -> None:
    found = [
        line
        for name in list_files("*.py")
        for line in find_idioms(name, prose_of_code((ROOT / name).read_text(encoding="utf-8")))
    ]
    assert found == []


def test_documents_are_plain_technical_english() -> None:
    names = list_files("*.md", "*.toml", "*.yml", "run", ".ci/run", "Dockerfile")
    found = [
        line
        for name in names
        for line in find_idioms(
            name, iter(enumerate((ROOT / name).read_text(encoding="utf-8").split("\n"), 1))
        )
    ]
    assert found == []


def test_the_page_is_plain_technical_english() -> None:
    found = [
        line
        for name in list_page_files()
        for line in find_idioms(
            name, iter(enumerate((ROOT / name).read_text(encoding="utf-8").split("\n"), 1))
        )
        if not any(f": {rule}: " in line for rule in NO_RULES_OF_THE_PAGE)
    ]
    assert found == []


def test_openapi_document_is_plain_technical_english(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    upgrade(settings.database_url)
    document = create_app(settings).openapi()
    texts = (line for text in texts_of(document) for line in text.split("\n"))
    assert list(find_idioms("openapi.json", iter(enumerate(texts)))) == []


def test_few_lines_are_allowed() -> None:
    assert len(ALLOWED) <= MAX_ALLOWED
    for name, part in ALLOWED:
        assert part in (ROOT / name).read_text(encoding="utf-8"), f"unused: {name}: {part}"


@pytest.mark.parametrize(
    "line",
    [
        "The client is told of it.",
        "Of several requests one comes first.",
        "one a row",
        "A broken file is no table.",
        "What the disk refuses.",
        "the broker is rung",
    ],
)
def test_idioms_are_found(line: str) -> None:
    assert list(find_idioms("a.md", iter([(1, line)]))) != []


@pytest.mark.parametrize(
    "line", ["There is no column of that name.", "one value per row", "What is a lease?", "Offline"]
)
def test_plain_english_is_not(line: str) -> None:
    assert list(find_idioms("a.md", iter([(1, line)]))) == []
