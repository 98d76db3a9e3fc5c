"""A service as FastAPI's documentation writes it: pydantic models of request and response."""

from pathlib import Path

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.serving.network import load_network


class Rows(BaseModel):
    """Request: rows of numbers."""

    rows: list[list[float]]


class Answer(BaseModel):
    """Response: label and probabilities of each row."""

    labels: list[int]
    probabilities: list[list[float]]


def create_app(path: Path) -> FastAPI:
    """Return a service with the network of a file."""
    app, network = FastAPI(), load_network(path)

    @app.post("/predict")
    async def predict(body: Rows) -> Answer:
        found = network.predict(np.array(body.rows, np.float32))
        return Answer(labels=found.argmax(axis=1).tolist(), probabilities=found.tolist())

    return app
