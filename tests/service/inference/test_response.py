"""Responses in pieces are those that are written as a whole."""

import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.http.content_codings import encode_pieces
from service.inference import response
from service.inference.outputs import ModelOutput, Texts, Values
from service.inference.response import OutputTensor, write_response

HEAD = {"model_name": "mdl_1", "model_version": "1"}


def make_outputs() -> list[OutputTensor]:
    def none(_: object) -> Any:
        raise AssertionError

    numbers = np.array([[1.5, np.nan], [3, -4], [0.1, 1e-300]])
    texts = Texts(np.array([1, 0, 1]), ("ä", 'b"'))
    empty = np.empty((0, 2))
    named: list[tuple[str, str, Values]] = [
        ("numbers", "FP64", numbers),
        ("texts", "BYTES", texts),
        ("empty", "FP64", empty),
    ]
    return [
        OutputTensor(ModelOutput(name, datatype, (-1,), none), values, is_binary=False)
        for name, datatype, values in named
    ]


@pytest.mark.parametrize("values", [1, 2, 5])
def test_pieces_are_the_whole(values: int, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = make_outputs()
    whole = write_response(HEAD, outputs).body
    assert isinstance(whole, bytes)
    monkeypatch.setattr(response, "PIECE_VALUES", values)
    pieces = write_response(HEAD, outputs).body
    assert not isinstance(pieces, bytes)
    text = b"".join(pieces)
    assert json.loads(text) == json.loads(whole)
    assert text == whole


def test_a_response_with_binary_tensors_is_written_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(response, "PIECE_VALUES", 1)
    numbers, *others = make_outputs()
    found = write_response(HEAD, [replace(numbers, is_binary=True), *others])
    assert isinstance(found.body, bytes)
    assert found.header_length == len(found.body) - 6 * 8


@pytest.mark.parametrize(("coding", "bits"), [("gzip", 31), ("deflate", 15)])
def test_pieces_are_compressed_as_one_stream(coding: str, bits: int) -> None:
    pieces = [b"a" * 1000, b"", b"b" * 1000]
    assert zlib.decompress(b"".join(encode_pieces(pieces, coding)), bits) == b"".join(pieces)
