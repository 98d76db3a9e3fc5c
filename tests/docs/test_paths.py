"""Files named in the documents exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATH = re.compile(r"(?<![\w/.])(?:cli|engine|migrations|service|store|tests|workers)/[\w/]+\.py\b")


def test_every_module_named_in_a_document_exists() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    missing = {
        f"{document.relative_to(ROOT)}: {path}"
        for document in documents
        for path in PATH.findall(document.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    }
    assert missing == set()
