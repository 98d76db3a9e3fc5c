"""Checks of a server by Triton's client, run in the client's own environment.

Usage: python drive.py URL, with models, rows and predictions as JSON on standard input. Prints a
JSON object: each check's name, and the text of its failure or null.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import tritonclient.http
import tritonclient.http.aio
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

URL = sys.argv[1].removeprefix("http://")
CASE = json.load(sys.stdin)
CLASSES, VALUE = CASE["models"]["classes"], CASE["models"]["value"]
PREDICTED = CASE["predicted"]
LABELS = [row["label"] for row in PREDICTED["classes"]["data"]]
PROBABILITIES = np.array([row["probabilities"] for row in PREDICTED["classes"]["data"]])
VALUES = np.array([row["value"] for row in PREDICTED["value"]["data"]])
PIXELS = [[1, 2], [3, 4]]
TYPES = {
    "size": np.float64, "weight": np.int64, "colour": object, "sold on": object, "note": object,
    "fast": bool,
}  # fmt: skip
NUMBERS = [
    *(np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64),
    *(np.float16, np.float32, np.float64),
]


def tensor(name: str, values: Any, is_binary: bool = True) -> InferInput:
    found = InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    found.set_data_from_numpy(values, binary_data=is_binary)
    return found


def columns(is_binary: bool = True) -> list[InferInput]:
    """One tensor per column of the model of classes."""
    return [
        tensor(name, np.array([row[name] for row in CASE["rows"]], dtype), is_binary)
        for name, dtype in TYPES.items()
    ]


def matrix(dtype: Any = np.float32) -> InferInput:
    return tensor("features", np.array(PIXELS, dtype))


def outputs(*names: str, is_binary: bool = True) -> list[InferRequestedOutput]:
    return [InferRequestedOutput(name, binary_data=is_binary) for name in names]


def texts(values: Any) -> list[str]:
    """The texts of an output: bytes if it is binary."""
    return [one.decode() if isinstance(one, bytes) else one for one in values.ravel().tolist()]


def assert_classes(result: Any) -> None:
    assert texts(result.as_numpy("label")) == LABELS
    assert np.array_equal(result.as_numpy("probabilities"), PROBABILITIES)


def assert_values(result: Any) -> None:
    assert np.array_equal(result.as_numpy("prediction"), VALUES)


def assert_many(result: Any) -> None:
    """Assert the predictions of 400 rows, whose products are computed in another order."""
    found = result.as_numpy("prediction")
    assert np.allclose(found, np.tile(VALUES, 200), rtol=1e-5)


def refusal(call: Callable[[], Any], status: int, *parts: str) -> None:
    """Assert that a call is refused with this status and a text that has these parts."""
    try:
        call()
    except InferenceServerException as error:
        assert error.status() == str(status), error
        assert all(part in error.message() for part in parts), error
        assert "exception occurred in the client" not in error.message(), error
    else:
        raise AssertionError("the call was not refused")


def check_health(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(CLASSES)
    assert client.is_model_ready(CLASSES, "1")
    assert not client.is_model_ready(CLASSES, "2")
    assert not client.is_model_ready("mdl_unknown")


def check_server_metadata(client: Any) -> None:
    found = client.get_server_metadata()
    assert found["name"] == "backpropd"
    assert "binary_tensor_data" in found["extensions"]


def check_model_metadata(client: Any) -> None:
    found = client.get_model_metadata(CLASSES)
    assert found == client.get_model_metadata(CLASSES, "1")
    assert [one["name"] for one in found["inputs"]] == list(TYPES)
    datatypes = [one["datatype"] for one in found["inputs"]]
    assert datatypes == ["FP64", "FP64", "BYTES", "BYTES", "BYTES", "BOOL"]
    assert [one["name"] for one in found["outputs"]] == ["label", "probabilities"]


def check_repository_index(client: Any) -> None:
    found = client.get_model_repository_index()
    assert {one["name"] for one in found} == {CLASSES, VALUE}
    assert all(one["state"] == "READY" for one in found)


def check_unsupported_calls(client: Any) -> None:
    refusal(lambda: client.get_model_config(CLASSES), 404)
    refusal(lambda: client.get_inference_statistics(CLASSES), 404)
    refusal(client.get_inference_statistics, 404)
    refusal(lambda: client.load_model(CLASSES), 404)


def check_defaults(client: Any) -> None:
    result = client.infer(CLASSES, columns())
    assert_classes(result)
    response = result.get_response()
    assert (response["model_name"], response["model_version"]) == (CLASSES, "1")
    assert all("binary_data_size" in one["parameters"] for one in response["outputs"])


def check_json(client: Any) -> None:
    wanted = outputs("label", "probabilities", is_binary=False)
    result = client.infer(CLASSES, columns(is_binary=False), outputs=wanted)
    assert_classes(result)
    assert all("data" in one for one in result.get_response()["outputs"])


def check_mixture(client: Any) -> None:
    inputs = [
        one if index % 2 else other
        for index, (one, other) in enumerate(zip(columns(), columns(is_binary=False), strict=True))
    ]
    wanted = [*outputs("probabilities"), *outputs("label", is_binary=False)]
    assert_classes(client.infer(CLASSES, inputs, outputs=wanted))


def check_matrix(client: Any) -> None:
    assert_values(client.infer(VALUE, [matrix()]))


def check_number_datatypes(client: Any) -> None:
    for dtype in NUMBERS:
        assert_values(client.infer(VALUE, [matrix(dtype)]))
        assert_values(client.infer(VALUE, [tensor("p1", np.array([1, 3], dtype)),
                                           tensor("p2", np.array([[2], [4]], dtype))]))  # fmt: skip
        if dtype is not np.float16:
            in_json = tensor("features", np.array(PIXELS, dtype), is_binary=False)
            assert_values(client.infer(VALUE, [in_json]))


def check_texts_of_numbers(client: Any) -> None:
    for is_binary in (True, False):
        values = np.array([["1", "2.0"], [" 3", "4e0"]], object)
        assert_values(client.infer(VALUE, [tensor("features", values, is_binary)]))


def check_refused_datatypes(client: Any) -> None:
    half = tensor("features", np.array(PIXELS, np.float16), is_binary=False)
    refusal(lambda: client.infer(VALUE, [half]), 400, "'features'", "FP16 has no JSON form")
    brain = tensor("features", np.array(PIXELS, ml_dtypes.bfloat16))
    refusal(lambda: client.infer(VALUE, [brain]), 400, "'features'", "'BF16'")
    truth = tensor("features", np.array(PIXELS, bool))
    refusal(lambda: client.infer(VALUE, [truth]), 400, "'features'", "BOOL")


def check_output_subset_and_order(client: Any) -> None:
    result = client.infer(CLASSES, columns(), outputs=outputs("probabilities", "label"))
    names = [one["name"] for one in result.get_response()["outputs"]]
    assert names == ["probabilities", "label"]
    result = client.infer(CLASSES, columns(), outputs=outputs("label"))
    assert result.as_numpy("probabilities") is None
    assert texts(result.as_numpy("label")) == LABELS


def check_id(client: Any) -> None:
    assert client.infer(VALUE, [matrix()], request_id="a 1").get_response()["id"] == "a 1"
    assert "id" not in client.infer(VALUE, [matrix()]).get_response()


def check_version(client: Any) -> None:
    assert_values(client.infer(VALUE, [matrix()], model_version="1"))
    refusal(lambda: client.infer(VALUE, [matrix()], model_version="2"), 404, "version")


def check_request_parameters(client: Any) -> None:
    result = client.infer(VALUE, [matrix()], priority=1, timeout=1000, parameters={"a": "b"})
    assert_values(result)


def check_compression(client: Any) -> None:
    many = tensor("features", np.tile(np.array(PIXELS, np.float32), (200, 1)))
    for coding in ("gzip", "deflate"):
        result = client.infer(
            VALUE,
            [many],
            request_compression_algorithm=coding,
            response_compression_algorithm=coding,
        )
        assert_many(result)


def check_missing_values(client: Any) -> None:
    values = np.array([[np.nan, 2], [3, 4]])
    result = client.infer(VALUE, [tensor("features", values)])
    assert result.get_response()["parameters"]["imputed"] == 1
    assert np.isfinite(result.as_numpy("prediction")).all()


def check_errors(client: Any) -> None:
    refusal(lambda: client.infer("mdl_unknown", [matrix()]), 404, "mdl_unknown")
    refusal(lambda: client.get_model_metadata("mdl_unknown"), 404, "mdl_unknown")
    refusal(lambda: client.infer(VALUE, columns()[:1]), 400, "'size'", "not a feature")
    wrong = tensor("features", np.zeros((2, 3)))
    refusal(lambda: client.infer(VALUE, [wrong]), 400, "'features'", "[rows, 2]", "[2, 3]")
    unknown = outputs("other")
    refusal(lambda: client.infer(VALUE, [matrix()], outputs=unknown), 400, "'other'")
    top = [InferRequestedOutput("label", class_count=2)]
    refusal(lambda: client.infer(CLASSES, columns(), outputs=top), 400, "classification")


def check_async_infer(client: Any) -> None:
    assert_values(client.async_infer(VALUE, [matrix()]).get_result())


async def check_asyncio() -> None:
    async with tritonclient.http.aio.InferenceServerClient(URL) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready(CLASSES, "1")
        assert not await client.is_model_ready(CLASSES, "2")
        assert (await client.get_server_metadata())["name"] == "backpropd"
        assert (await client.get_model_metadata(CLASSES))["versions"] == ["1"]
        assert len(await client.get_model_repository_index()) == 2


async def check_asyncio_infer() -> None:
    async with tritonclient.http.aio.InferenceServerClient(URL) as client:
        assert_classes(await client.infer(CLASSES, columns()))
        wanted = outputs("probabilities", "label", is_binary=False)
        result = await client.infer(CLASSES, columns(is_binary=False), outputs=wanted)
        assert_classes(result)
        assert_values(await client.infer(VALUE, [matrix()], request_id="7"))


async def check_asyncio_compression() -> None:
    async with tritonclient.http.aio.InferenceServerClient(URL) as client:
        many = tensor("features", np.tile(np.array(PIXELS, np.float32), (200, 1)))
        for coding in ("gzip", "deflate"):
            result = await client.infer(
                VALUE,
                [many],
                request_compression_algorithm=coding,
                response_compression_algorithm=coding,
            )
            assert_many(result)


async def check_asyncio_errors() -> None:
    async with tritonclient.http.aio.InferenceServerClient(URL) as client:
        for model, status in (("mdl_unknown", "404"), (CLASSES, "400")):
            try:
                await client.infer(model, [matrix()])
            except InferenceServerException as error:
                assert error.status() == status, error
                assert "exception occurred in the client" not in error.message(), error
            else:
                raise AssertionError("the call was not refused")


def run(check: Callable[..., Any]) -> str | None:
    """Run a check and return the text of its failure."""
    try:
        if asyncio.iscoroutinefunction(check):
            asyncio.run(check())
        else:
            with InferenceServerClient(URL) as client:
                check(client)
    except Exception:  # noqa: BLE001 - reported to the test
        return traceback.format_exc()
    return None


if __name__ == "__main__":
    checks = {name: check for name, check in list(globals().items()) if name.startswith("check_")}
    print(json.dumps({name: run(check) for name, check in checks.items()}))
