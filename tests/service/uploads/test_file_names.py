"""Hostile file names are accepted as display names only."""

import httpx2
import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import IRIS_LIKE
from tests.service.datasets.test_datasets import files_in


def send_as(client: TestClient, name: bytes) -> httpx2.Response:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n'
        b"Content-Type: text/csv\r\n\r\n" + IRIS_LIKE.encode() + b"\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer: httpx2.Response = client.post("/v1/datasets", content=body, headers=headers)
    return answer


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (b"../../etc/passwd", "passwd"),
        (b"/etc/shadow", "shadow"),
        (b"C:/Windows/System32/a.csv", "a.csv"),
        (rb"C:\\Users\\me\\a.csv", "a.csv"),
        (rb"..\\..\\a.csv", "a.csv"),
        (rb"\\\\host\\share\\a.csv", "a.csv"),
        (b"file:///etc/passwd", "passwd"),
        (b"..", ".."),
        (b".", "dataset"),
        (b"", "dataset"),
        (b"a.csv/", "a.csv"),
        (b"//", "dataset"),
        (b"a\0b.csv", "ab.csv"),
        (b"a\tb\x07.csv", "ab.csv"),
        (b"x" * 2000, "x" * 256),
        ("größe 📈.csv".encode(), "größe 📈.csv"),
        ("a\u202egpj.exe".encode(), "agpj.exe"),
        (b"<script>alert(1)<script>.csv", "<script>alert(1)<script>.csv"),
        (b"$(rm -rf ~).csv", "$(rm -rf ~).csv"),
        (b"%2e%2e%2fa.csv", "%2e%2e%2fa.csv"),
        (b"-rf", "-rf"),
        (b"CON", "CON"),
    ],
)
def test_file_name_is_a_label_only(
    client: TestClient, settings: Settings, name: bytes, label: str
) -> None:
    answer = send_as(client, name)
    assert answer.status_code == 201, answer.text
    dataset = answer.json()
    assert dataset["name"] == label
    # The server chooses the name and the place of the stored file.
    assert [path.name for path in files_in(settings.data_dir)] == [f"{dataset['id']}.arrow"]


def test_file_name_that_is_not_text_is_accepted(client: TestClient) -> None:
    assert send_as(client, b"\xff\xfe.csv").status_code in {201, 400}
