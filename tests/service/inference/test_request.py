"""The body of an inference request: what is read of it, and which error each flaw gives."""

import itertools
import json
from typing import Any

import pytest

from service.http.errors import InvalidInferenceError
from service.inference.request import read_request
from service.inference.request_header import CACHED_HEADER_BYTES, RequestedOutput

TENSOR = {"name": "a", "shape": [2], "datatype": "FP32"}
JSON = {**TENSOR, "data": [1, 2]}
BINARY = {**TENSOR, "parameters": {"binary_data_size": 8}}


def read(content: bytes, length: str | None = None, max_inputs: int = 3) -> Any:
    return read_request(content, length, max_inputs, 100_000)


def body(*inputs: Any, **members: Any) -> bytes:
    return json.dumps({"inputs": list(inputs), **members}).encode()


def test_many_containers_are_refused_before_they_are_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nested = {**TENSOR, "shape": [60_000, 1], "data": [[1]] * 60_000}
    assert len(read(body(nested)).inputs[0].data) == 60_000
    texts = {**TENSOR, "datatype": "BYTES", "shape": [1], "data": ["[" * 200_000]}
    assert len(read(body(texts)).inputs[0].data[0]) == 200_000
    monkeypatch.delattr("service.inference.request_header.parse_json")
    content = b'{"inputs": [' + b"[]," * 100_000 + b"[]]}"
    with pytest.raises(InvalidInferenceError, match="more than 100000 arrays and objects"):
        read(content)
    with pytest.raises(InvalidInferenceError, match="more than 100000 arrays and objects"):
        read(content + b"12345678", str(len(content)))


def test_parts_of_a_binary_body() -> None:
    other = {**BINARY, "name": "c", "parameters": {"binary_data_size": 3}}
    header = body(BINARY, {**JSON, "name": "b"}, other, id="7")
    found = read(header + b"12345678abc", str(len(header)))
    assert found.id == "7"
    assert [tensor.name for tensor in found.inputs] == ["a", "b", "c"]
    first, second, third = found.inputs
    assert (bytes(first.content), first.shape, first.datatype) == (b"12345678", (2,), "FP32")
    assert (second.content, second.data) == (None, [1, 2])
    assert bytes(third.content) == b"abc"


def test_a_repeated_header_is_read_once_and_its_content_each_time() -> None:
    header = body(BINARY, id="repeated")
    first, second = (read(header + content, str(len(header))) for content in (b"1" * 8, b"2" * 8))
    assert [bytes(found.inputs[0].content) for found in (first, second)] == [b"1" * 8, b"2" * 8]
    assert first.rules is second.rules
    with pytest.raises(InvalidInferenceError, match="to the 7 bytes that are left, not 8"):
        read(header + b"1234567", str(len(header)))
    with pytest.raises(InvalidInferenceError, match="inputs has 1 tensors, more than 0"):
        read(header + b"12345678", str(len(header)), max_inputs=0)


def test_a_long_header_is_not_kept() -> None:
    header = body(BINARY, id="x" * CACHED_HEADER_BYTES)
    first, second = (read(header + b"12345678", str(len(header))) for _ in range(2))
    assert first == second
    assert first.rules is not second.rules


def test_outputs_are_binary_by_default_if_the_request_says_so() -> None:
    outputs = [{"name": "x"}, {"name": "y", "parameters": {"binary_data": False}}]
    found = read(body(JSON, outputs=outputs, parameters={"binary_data_output": True}))
    assert found.outputs == (RequestedOutput("x", is_binary=True), RequestedOutput("y", False))
    assert read(body(JSON, outputs=[])).outputs is None
    assert read(body(JSON, parameters={"other": 1})).is_binary is False


def inputs(**changes: Any) -> bytes:
    """A body whose only tensor is changed; None removes a member."""
    changed = {**JSON, **changes}
    return body({key: value for key, value in changed.items() if value is not None})


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (body(JSON) + b"12345678", "need the header Inference-Header-Content-Length"),
        (b'{"inputs": [], "inputs": []}', "the key 'inputs' is repeated"),
        (b'{"inputs": [{"data": [NaN]}]}', "NaN is not JSON"),
        (b'{"inputs": [{"data": [-Infinity]}]}', "-Infinity is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 10_000, "too many digits"),
        (b'"\xff"', "not UTF-8"),
        (b"[]", "must be a JSON object, not an array"),
        (b"{}", "inputs is missing or empty"),
        (b'{"inputs": []}', "inputs is missing or empty"),
        (b'{"inputs": {}}', "inputs must be an array of objects, not an object"),
        (b'{"inputs": null}', "inputs must be an array of objects, not null"),
        (b'{"inputs": [1]}', "inputs[0] must be an object, not a number"),
        (body(JSON, JSON), "tensor 'a': the name occurs twice"),
        (body(*[{**JSON, "name": str(n)} for n in range(4)]), "inputs has 4 tensors, more than 3"),
        (b'{"inputs": [' + b"{}," * 50_000 + b"{}]}", "inputs has more than 1024 tensors"),
        (body({}), "inputs[0]: name must be a string"),
        (inputs(name=7), "inputs[0]: name must be a string, not 7"),
        (inputs(shape=None), "shape must be an array of integers"),
        (inputs(shape=2), "shape must be an array of integers from 0 to 2**64 - 1, not 2"),
        (inputs(shape=[-1]), "not [-1]"),
        (inputs(shape=[2.0]), "not [2.0]"),
        (inputs(shape=[True]), "not [true]"),
        (inputs(shape=[2**64]), "not [18446744073709551616]"),
        (inputs(shape=["2"]), 'not ["2"]'),
        (inputs(shape=[1] * 33), "33 dimensions"),
        (inputs(datatype=None), "datatype must be one of BOOL, UINT8"),
        (inputs(datatype="fp32"), "not 'fp32'"),
        (inputs(datatype="BF16"), "not 'BF16'"),
        (inputs(datatype=["FP32"]), 'not ["FP32"]'),
        (inputs(data=None), "neither data nor the parameter binary_data_size"),
        (inputs(parameters=[]), "parameters must be an object, not an array"),
        (inputs(parameters={"binary_data_size": 8}), "data as well as"),
        (inputs(parameters={"shared_memory_region": "r"}), "shared_memory_region is not supported"),
        (body(JSON, id=7), "id must be a string, not 7"),
        (body(JSON, id="\ud800"), r"id must be a string, not '\ud800'"),
        (inputs(name="\ud800", shape=0), r"tensor '\ud800': shape must be"),
        (body(JSON, parameters=1), "parameters must be an object, not a number"),
        (body(JSON, parameters={"binary_data_output": 1}), "must be true or false, not 1"),
        (
            body(JSON, parameters={"missing_columns": "fill"}),
            "missing_columns must be one of impute, ignore, error, not 'fill'",
        ),
        (body(JSON, parameters={"extra_columns": []}), "must be one of ignore, error, not []"),
        (body(JSON, outputs={}), "outputs must be an array"),
        (body(JSON, outputs=[None]), "outputs[0] must be an object, not null"),
        (body(JSON, outputs=[{"name": "x"}, {"name": "x"}]), "occurs twice in outputs"),
        (body(JSON, outputs=[{"name": str(n)} for n in range(65)]), "65 tensors, more than 64"),
        (
            body(JSON, outputs=[{"name": "x", "parameters": {"binary_data": "yes"}}]),
            "output 'x': parameter binary_data must be true or false, not 'yes'",
        ),
        (
            body(JSON, outputs=[{"name": "x", "parameters": {"classification": 2}}]),
            "classification is not supported",
        ),
        (inputs(name="x" * 10**6, shape=0), "shape must be"),
    ],
    ids=itertools.count(),
)
def test_invalid_json(content: bytes, text: str) -> None:
    with pytest.raises(InvalidInferenceError) as error:
        read(content)
    assert text in str(error.value)
    assert len(str(error.value)) < 400


HEADER = body(BINARY)


@pytest.mark.parametrize(
    ("header", "length", "content", "text"),
    [
        (HEADER, "0", b"12345678", "must be from 1 to the"),
        (HEADER, "-1", b"12345678", "not '-1'"),
        (HEADER, "1e3", b"12345678", "not '1e3'"),
        (HEADER, "٣", b"12345678", "not '٣'"),
        (HEADER, "9" * 5_000, b"12345678", "must be from 1 to the"),
        (HEADER, str(len(HEADER) + 9), b"12345678", "must be from 1 to the"),
        (HEADER, str(len(HEADER) - 1), b"12345678", "not valid JSON"),
        (HEADER, str(len(HEADER) + 1), b"12345678", "not valid JSON"),
        (HEADER, str(len(HEADER)), b"1234567", "from 0 to the 7 bytes that are left, not 8"),
        (HEADER, str(len(HEADER)), b"123456789", "9 bytes follow the JSON header"),
        (HEADER, None, b"", "from 0 to the 0 bytes that are left, not 8"),
        (HEADER.replace(b": 8", b": -8"), None, b"", "not -8"),
        (HEADER.replace(b": 8", b": 8.0"), None, b"12345678", "need the header"),
        (HEADER.replace(b": 8", b": true"), None, b"", "not true"),
    ],
    ids=itertools.count(),
)
def test_lying_sizes(header: bytes, length: str | None, content: bytes, text: str) -> None:
    with pytest.raises(InvalidInferenceError) as error:
        read(header + content, length)
    assert text in str(error.value)
    assert len(str(error.value)) < 400
