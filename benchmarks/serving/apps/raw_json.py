"""A raw body, orjson, and the forward pass; nothing is checked."""

from pathlib import Path

import numpy as np
import orjson
from fastapi import FastAPI, Request, Response
from numpy.typing import NDArray

from benchmarks.serving.network import load_network


def create_app(path: Path) -> FastAPI:
    """Return a service with the network of a file."""
    app, network = FastAPI(), load_network(path)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        rows = to_array(parse(await request.body()))
        return Response(write(network.predict(rows)), media_type="application/json")

    return app


def parse(body: bytes) -> list[list[float]]:
    """Return the rows of a request as lists."""
    rows: list[list[float]] = orjson.loads(body)["rows"]
    return rows


def to_array(rows: list[list[float]]) -> NDArray[np.float32]:
    """Return rows as an array."""
    return np.array(rows, np.float32)


def write(probabilities: NDArray[np.float32]) -> bytes:
    """Return the answer: label and probabilities of each row."""
    answer = {"labels": probabilities.argmax(axis=1), "probabilities": probabilities}
    return bytes(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY))
