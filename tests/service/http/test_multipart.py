"""Multipart forms: extraction of the file from chunks of any size."""

import pytest

from service.http.compute_errors import ServiceError
from service.http.errors import InvalidRowsError
from service.http.multipart import FormFile

TYPE = "multipart/form-data; boundary=b"
CSV = b"x,y\r\n--1,2\r\n"


def part(disposition: bytes, content: bytes = CSV) -> bytes:
    head = b"--b\r\nContent-Disposition: form-data; " + disposition
    return head + b"\r\nContent-Type: text/csv\r\n\r\n" + content + b"\r\n"


FILE = part(b'name="file"; filename="p\xc3\xb6ints.csv"')
OTHER = part(b'name="other"', b"1")
END = b"--b--\r\n"


def read(body: bytes, size: int = 10**6) -> tuple[bytes, FormFile]:
    form = FormFile(TYPE)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    found = b"".join(b"".join(form.feed(chunk)) for chunk in chunks)
    form.finish()
    return found, form


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10**6])
def test_file_is_extracted_completely(size: int) -> None:
    found, form = read(OTHER + FILE + OTHER + END, size)
    assert found == CSV
    assert (form.name, form.media_type) == ("pöints.csv", "text/csv")


def test_empty_file_is_a_file() -> None:
    assert read(part(b'name="file"; filename="a"', b"") + END)[0] == b""


def test_file_name_that_is_not_utf8_is_accepted() -> None:
    assert read(part(b'name="file"; filename="\xff.csv"') + END)[1].name == "\ufffd.csv"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (OTHER + END, "no file"),
        (part(b'name="file"') + END, "no file"),
        (END, "no file"),
        (FILE[:-8], "form ends before"),
        (FILE, "form ends before"),
        (b"--b\r\nContent-Dispo", "no file"),
    ],
)
def test_form_without_the_whole_file_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(InvalidRowsError, match=says) as problem:
        read(body)
    assert problem.value.errors[0].pointer == "/file"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "form"),
        (CSV, "boundary"),
        (FILE.replace(b"--b", b"--c"), "boundary"),
        (FILE + FILE + END, "two files"),
        (OTHER * 100 + FILE + END, "fields"),
        (part(b'filename="a"') + END, "name"),
        (b"--b\r\nX-Long: " + b"a" * 100_000, "header"),
        (b"--b\r\n" + b"X: y\r\n" * 10_000, "header"),
    ],
)
def test_form_that_is_broken_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(ServiceError, match=says):
        read(body)


@pytest.mark.parametrize("parameters", ["", f"; boundary={'b' * 257}"])
def test_form_without_a_usable_boundary_is_refused(parameters: str) -> None:
    with pytest.raises(ServiceError, match="boundary"):
        FormFile(f"multipart/form-data{parameters}")


def test_the_longest_boundary_is_read() -> None:
    FormFile(f"multipart/form-data; boundary={'b' * 256}")
