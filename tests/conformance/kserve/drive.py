"""Checks of a server by KServe's client, run in the client's own environment.

Usage: python drive.py URL, with models, rows and predictions as JSON on standard input. Prints a
JSON object: each check's name, and the text of its failure or null.
"""

import asyncio
import gzip
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from kserve.utils.numpy_codec import from_np_dtype

URL = sys.argv[1]
CASE = json.load(sys.stdin)
CLASSES, VALUE = CASE["models"]["classes"], CASE["models"]["value"]
PREDICTED = CASE["predicted"]
LABELS = [row["label"] for row in PREDICTED["classes"]["data"]]
PROBABILITIES = np.array([row["probabilities"] for row in PREDICTED["classes"]["data"]])
VALUES = [row["value"] for row in PREDICTED["value"]["data"]]
PIXELS = [[1, 2], [3, 4]]
TYPES = {
    "size": np.float64, "weight": np.int64, "colour": object, "sold on": object, "note": object,
    "fast": bool,
}  # fmt: skip
NUMBERS = [
    *(np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64),
    *(np.float16, np.float32, np.float64),
]


def tensor(name: str, values: Any, is_binary: bool) -> InferInput:
    found = InferInput(name, list(values.shape), from_np_dtype(values.dtype))
    found.set_data_from_numpy(values, binary_data=is_binary)
    return found


def request(model: str, *inputs: InferInput, **options: Any) -> InferRequest:
    return InferRequest(model, list(inputs), **options)


def columns(is_binary: bool) -> list[InferInput]:
    """One tensor per column of the model of classes."""
    return [
        tensor(name, np.array([row[name] for row in CASE["rows"]], dtype), is_binary)
        for name, dtype in TYPES.items()
    ]


def matrix(dtype: Any = np.float32, is_binary: bool = True) -> InferInput:
    return tensor("features", np.array(PIXELS, dtype), is_binary)


def texts(values: list[Any]) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else one for one in values]


def assert_classes(result: Any) -> None:
    label, probabilities = (result.get_output_by_name(n) for n in ("label", "probabilities"))
    assert texts(label.data) == LABELS
    found = np.array(probabilities.data).reshape(probabilities.shape)
    assert np.array_equal(found, PROBABILITIES)


def assert_values(result: Any) -> None:
    assert result.get_output_by_name("prediction").data == VALUES


async def refusal(call: Awaitable[Any], status: int, *parts: str) -> None:
    """Assert that a call is refused with this status and a text that has these parts."""
    try:
        await call
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == status, error
        # The client shows the text only if the content type is exactly application/json.
        assert all(part in str(error) for part in parts), error
    else:
        raise AssertionError("the call was not refused")


async def check_live(client: Any) -> None:
    assert await client.is_server_live(URL) is True


async def check_ready(client: Any) -> None:
    assert await client.is_server_ready(URL) is True


async def check_model_ready(client: Any) -> None:
    assert await client.is_model_ready(URL, CLASSES)
    assert not await client.is_model_ready(URL, "mdl_unknown")


async def check_json(client: Any) -> None:
    data = request(CLASSES, *columns(is_binary=False), request_id="a 1")
    result = await client.infer(URL, data, model_name=CLASSES)
    assert_classes(result)
    assert result.id == "a 1"


async def check_binary(client: Any) -> None:
    assert_classes(await client.infer(URL, request(CLASSES, *columns(True)), model_name=CLASSES))


async def check_binary_outputs(client: Any) -> None:
    headers: dict[str, str] = {}
    data = request(CLASSES, *columns(True), parameters={"binary_data_output": True})
    result = await client.infer(URL, data, model_name=CLASSES, response_headers=headers)
    assert_classes(result)
    assert "inference-header-content-length" in headers


async def check_dictionary(client: Any) -> None:
    inputs = [{"name": "features", "shape": [2, 2], "datatype": "FP64", "data": PIXELS}]
    headers: dict[str, str] = {}
    result = await client.infer(URL, {"inputs": inputs}, model_name=VALUE, response_headers=headers)
    assert_values(result)
    assert "inference-header-content-length" not in headers


async def check_number_datatypes(client: Any) -> None:
    for dtype in NUMBERS:
        result = await client.infer(URL, request(VALUE, matrix(dtype)), model_name=VALUE)
        assert_values(result)
        if dtype is not np.float16:  # refused by the client
            data = request(VALUE, matrix(dtype, is_binary=False))
            assert_values(await client.infer(URL, data, model_name=VALUE))


async def check_texts_of_numbers(client: Any) -> None:
    for is_binary in (True, False):
        values = np.array([["1", "2.0"], [" 3", "4e0"]], object)
        data = request(VALUE, tensor("features", values, is_binary))
        assert_values(await client.infer(URL, data, model_name=VALUE))


async def check_output_subset_and_order(client: Any) -> None:
    wanted = [RequestedOutput("probabilities", {"binary_data": True}), RequestedOutput("label")]
    data = request(CLASSES, *columns(True), request_outputs=wanted)
    result = await client.infer(URL, data, model_name=CLASSES)
    assert [one.name for one in result.outputs] == ["probabilities", "label"]
    assert_classes(result)
    data = request(CLASSES, *columns(True), request_outputs=wanted[1:])
    result = await client.infer(URL, data, model_name=CLASSES)
    assert [one.name for one in result.outputs] == ["label"]


async def check_compression(client: Any) -> None:
    many = np.tile(np.array(PIXELS, np.float64), (200, 1))
    inputs = [{"name": "features", "shape": many.shape, "datatype": "FP64", "data": many.tolist()}]
    headers: dict[str, str] = {}
    result = await client.infer(
        URL,
        gzip.compress(json.dumps({"inputs": inputs}).encode()),
        model_name=VALUE,
        headers={"Content-Encoding": "gzip"},
        response_headers=headers,
    )
    # The products of 400 rows are computed in another order.
    assert np.allclose(result.get_output_by_name("prediction").data, VALUES * 200, rtol=1e-5)
    assert headers["content-encoding"] == "gzip"


async def check_errors(client: Any) -> None:
    data = request(VALUE, matrix())
    unknown = client.infer(URL, data, model_name="mdl_unknown")
    await refusal(unknown, 404, "no model with id mdl_unknown, '404")
    other = client.infer(URL, data, model_name=CLASSES)
    await refusal(other, 400, "tensor 'features'", "'400")
    wrong = request(VALUE, tensor("features", np.zeros((2, 3)), True))
    await refusal(client.infer(URL, wrong, model_name=VALUE), 400, "[rows, 2]", "[2, 3]")


async def run(check: Callable[[Any], Awaitable[None]]) -> str | None:
    """Run a check and return the text of its failure."""
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        try:
            await check(client)
        except Exception:  # noqa: BLE001 - reported to the test
            return traceback.format_exc()
    return None


if __name__ == "__main__":
    checks = {name: check for name, check in list(globals().items()) if name.startswith("check_")}
    print(json.dumps({name: asyncio.run(run(check)) for name, check in checks.items()}))
