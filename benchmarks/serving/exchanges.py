"""Prebuilt requests, and the probabilities in their answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.network import CLASSES

Matrix: TypeAlias = NDArray[Any]
JSON = {"Content-Type": "application/json"}
BINARY = {"Content-Type": "application/octet-stream"}
HEADER_LENGTH = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class Exchange:
    """A request, and how its answer is read.

    Attributes:
        method: HTTP method.
        path: path of the URL.
        headers: headers, without Host and Content-Length.
        body: body.
        read: returns the probabilities, `(rows, classes)`, in the body of an answer; None if the
            answer has none.
    """

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: Callable[[bytes], Matrix] | None = None

    def to_bytes(self) -> bytes:
        """Return the request as it is sent."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def make_pixels(rows: int) -> NDArray[np.float64]:
    """Return random pixels, k/255: their JSON has up to 18 digits, such as 0.4980392156862745."""
    return np.random.default_rng(rows).integers(0, 256, (rows, 784)) / 255


def to_json(value: object) -> bytes:
    """Return compact JSON, with numbers in the shortest form that gives the same float64."""
    return json.dumps(value, separators=(",", ":")).encode()


def get(path: str) -> Exchange:
    """Return the request of an empty route."""
    return Exchange("GET", path)


def predict_json(path: str, rows: list[Any]) -> Exchange:
    """Return rows as JSON, to a floor."""
    return Exchange("POST", path, JSON, to_json({"rows": rows}), read_floor)


def predict_served(model_id: str, rows: list[Any]) -> Exchange:
    """Return rows as JSON, to the service."""
    path = f"/v1/models/{model_id}/predict"
    return Exchange("POST", path, JSON, to_json({"rows": rows}), read_served)


def predict_float32(path: str, pixels: Matrix) -> Exchange:
    """Return rows as float32 bytes, to a floor."""
    return Exchange("POST", path, BINARY, pixels.astype("<f4").tobytes(), read_float32)


def infer_json(model: str, pixels: Matrix) -> Exchange:
    """Return rows as JSON in the Open Inference Protocol."""
    tensor = {"name": "features", "datatype": "FP32", "shape": list(pixels.shape)}
    body = to_json({"inputs": [{**tensor, "data": pixels.ravel().tolist()}]})
    return Exchange("POST", f"/v2/models/{model}/infer", JSON, body, read_tensors)


def infer_binary(model: str, pixels: Matrix) -> Exchange:
    """Return rows in the Open Inference Protocol's binary extension, with a binary answer."""
    data = pixels.astype("<f4").tobytes()
    tensor = {"name": "features", "datatype": "FP32", "shape": list(pixels.shape)}
    sized = {**tensor, "parameters": {"binary_data_size": len(data)}}
    output = {"name": "probabilities", "parameters": {"binary_data": True}}
    header = to_json({"inputs": [sized], "outputs": [output]})
    headers = {**BINARY, HEADER_LENGTH: str(len(header))}
    path = f"/v2/models/{model}/infer"
    return Exchange("POST", path, headers, header + data, read_binary_tensors)


def read_floor(body: bytes) -> Matrix:
    """Return the probabilities in a floor's JSON."""
    return np.array(json.loads(body)["probabilities"])


def read_served(body: bytes) -> Matrix:
    """Return the probabilities in the service's JSON."""
    return np.array([row["probabilities"] for row in json.loads(body)["data"]])


def read_float32(body: bytes) -> Matrix:
    """Return the probabilities in a floor's float32 bytes."""
    return np.frombuffer(body, "<f4").reshape(-1, CLASSES)


def read_tensors(body: bytes) -> Matrix:
    """Return the probabilities in a JSON answer of the Open Inference Protocol."""
    outputs = {output["name"]: output for output in json.loads(body)["outputs"]}
    found = outputs["probabilities"]
    return np.array(found["data"]).reshape(found["shape"])


def read_binary_tensors(body: bytes) -> Matrix:
    """Return the probabilities in a binary answer, which has no other tensor."""
    header, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    (output,) = header["outputs"]
    dtype = {"FP32": "<f4", "FP64": "<f8"}[output["datatype"]]
    return np.frombuffer(body[end:], dtype).reshape(output["shape"])
