"""Valid files in invalid requests: digests, forms, unknown uploads."""

# One case per line, for a readable table.
# ruff: noqa: E501

import base64
import hashlib

from tests.service.hostile.case import Case
from tests.service.hostile.csv_files import GOOD

FORM = "multipart/form-data; boundary=b"
RIGHT = base64.b64encode(hashlib.sha256(GOOD).digest()).decode()
WRONG = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
WRONG_512 = base64.b64encode(hashlib.sha512(b"other").digest()).decode()


def digest_case(name: str, digest: str, code: str, says: str) -> Case:
    return Case(name, GOOD, code, says, headers={"Content-Digest": digest}, location="header")


def form_case(name: str, body: bytes, code: str, says: str, status: int = 422) -> Case:
    return Case(name, body, code, says, media_type=FORM, status=status)


def part(head: bytes, content: bytes = GOOD, end: bytes = b"\r\n--b--\r\n") -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + content + end


FILE = b'Content-Disposition: form-data; name="file"; filename="a.csv"'

DIGESTS = [
    Case("wrong sha256", GOOD, "digest_mismatch", "sha256", query="sha256=" + "0" * 64, location="query"),
    Case("sha256 of another file", b"x,y\r\n1,2\r\n", "digest_mismatch", "sha256", query=f"sha256={hashlib.sha256(b'x,y').hexdigest()}", location="query"),
    Case("sha256 too short", GOOD, "invalid_request", "sha256", query="sha256=abc", location="query"),
    Case("sha256 that is not hexadecimal", GOOD, "invalid_request", "sha256", query="sha256=" + "z" * 64, location="query"),
    Case("empty sha256", GOOD, "invalid_request", "sha256", query="sha256=", location="query"),
    digest_case("wrong Content-Digest", f"sha-256=:{WRONG}:", "digest_mismatch", "Content-Digest"),
    digest_case("wrong Content-Digest of 512 bits", f"sha-512=:{WRONG_512}:", "digest_mismatch", "Content-Digest"),
    digest_case("one right and one wrong Content-Digest", f"sha-256=:{RIGHT}:, sha-512=:{WRONG_512}:", "digest_mismatch", "Content-Digest"),
    digest_case("Content-Digest without colons", f"sha-256={RIGHT}", "invalid_digest", "Content-Digest"),
    digest_case("Content-Digest that is not base64", "sha-256=:not base64:", "invalid_digest", "Content-Digest"),
    digest_case("Content-Digest too short", "sha-256=:AAAA:", "invalid_digest", "Content-Digest"),
    digest_case("Content-Digest of nonsense", "nonsense", "invalid_digest", "Content-Digest"),
    digest_case("Content-Digest of 60,000 letters", "sha-256=:" + "A" * 60_000 + ":", "invalid_digest", "Content-Digest"),
    Case("wrong digest of a broken file", b"x,y\n1\n", "digest_mismatch", "sha256", query="sha256=" + "0" * 64, location="query"),
]  # fmt: skip

FORMS = [
    form_case("empty form", b"", "bad_request", "form", status=400),
    form_case("form that is not multipart", GOOD, "bad_request", "boundary", status=400),
    Case("form without a boundary", part(FILE), "bad_request", "boundary", media_type="multipart/form-data", status=400),
    form_case("form with another boundary", part(FILE).replace(b"--b", b"--c"), "bad_request", "boundary", status=400),
    form_case("form cut in the file", part(FILE, end=b""), "invalid_rows", "file"),
    form_case("form cut in a header", b"--b\r\nContent-Dispo", "invalid_rows", "file"),
    form_case("form without a file", part(b'Content-Disposition: form-data; name="other"'), "invalid_rows", "file"),
    form_case("form with a text for a file", part(b'Content-Disposition: form-data; name="file"'), "invalid_rows", "file"),
    form_case("form with an empty file", part(FILE, b""), "empty_file", "empty"),
    form_case("form with two files", part(FILE, end=b"\r\n") + part(FILE), "bad_request", "files", status=400),
    form_case("form with 100 fields", b"".join(part(b'Content-Disposition: form-data; name="f"', b"1", b"\r\n") for _ in range(100)) + part(FILE), "bad_request", "fields", status=400),
    form_case("form with a part without a name", part(b"Content-Disposition: form-data", GOOD), "bad_request", "name", status=400),
    form_case("form with a header of 100 KB", part(FILE + b"\r\nX-Long: " + b"a" * 100_000), "bad_request", "header", status=400),
    form_case("form with 10,000 headers", part(FILE + b"\r\nX: y" * 10_000), "bad_request", "header", status=400),
    Case("form with a ragged file", b"x,y\n1\n", "ragged_row", "line 2", file_name="a.csv"),
]  # fmt: skip

UPLOADS = [
    Case("unknown upload", b"", "not_found", "up_nope", query="upload=up_nope", status=404, location=""),
    Case("upload that is a job", b"", "not_found", "job_1", query="upload=job_1", status=404, location=""),
    Case("upload with NUL", b"", "not_found", "upload", query="upload=up_%00", status=404, location=""),
    Case("upload that is a path", b"", "not_found", "upload", query="upload=up_../../etc/passwd", status=404, location=""),
    Case("empty upload id", b"", "not_found", "upload", query="upload=", status=404, location=""),
    Case("upload and a body", GOOD, "invalid_request", "body", query="upload=up_nope", location="query"),
]  # fmt: skip

CASES = [*DIGESTS, *FORMS, *UPLOADS]
