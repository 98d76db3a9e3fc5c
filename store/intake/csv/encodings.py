"""Text encodings: validation of a stated one, and detection by byte order mark or first bytes."""

import codecs
import re

from store.errors import IntakeError

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Accepted codec names; Python's codecs that are not text encodings have other names.
_KNOWN = re.compile(
    r"utf-8|utf-16(-le|-be)?|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|shift_jis|euc_(jp|kr)"
    r"|gb18030|gbk|gb2312|big5"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
# Bytes of letters in cp1252, of control characters in latin-1.
_CP1252 = re.compile(rb"[\x80-\x9f]")


def check_encoding(stated: str) -> str:
    """Return the encoding's canonical name. Raises IntakeError for an unknown encoding."""
    try:
        name = codecs.lookup(stated.replace("_", "-").strip()).name if stated.isascii() else ""
    except (LookupError, ValueError):
        name = ""
    if not _KNOWN.fullmatch(name):
        detail = f"there is no text encoding {stated[:40]!r}"
        raise IntakeError("unknown_encoding", detail)
    return "latin-1" if name == "iso8859-1" else name


def complete_encoding(encoding: str, head: bytes) -> str:
    """Add the byte order to UTF-16 if the file has no byte order mark."""
    if encoding != "utf-16" or head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return encoding
    return _detect_wide(head) or "utf-16-le"


def detect_encoding(head: bytes) -> tuple[str, bool]:
    """Return the encoding, and whether it is certain because of a byte order mark."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding, True
    wide = _detect_wide(head)
    if wide is not None:
        return wide, False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return detect_single_byte(head), False
    return "utf-8", False


def _detect_wide(head: bytes) -> str | None:
    """Detect UTF-16 without a mark: every other byte of Latin letters and digits is zero."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if odd > 0.4 * pairs and even == 0:
        return "utf-16-le"
    if even > 0.4 * pairs and odd == 0:
        return "utf-16-be"
    return None


def detect_single_byte(head: bytes) -> str:
    """Return latin-1 or its Windows variant cp1252. Raises IntakeError for binary data."""
    if b"\0" in head:
        raise IntakeError("not_csv", "the file holds NUL bytes: it is not a CSV file")
    if _CONTROL.search(head):
        raise IntakeError("not_csv", "the file holds control characters: it is not a CSV file")
    undefined = any(byte in head for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
    return "cp1252" if _CP1252.search(head) and not undefined else "latin-1"


def decode_head(head: bytes, encoding: str, *, is_whole: bool) -> str:
    """The first characters of a file, without a byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return decoder.decode(head, final=is_whole).removeprefix("\ufeff")
