"""A raw body of float32 numbers, and the forward pass; answers float32 probabilities."""

from pathlib import Path

import numpy as np
from fastapi import FastAPI, Request, Response

from benchmarks.serving.network import PIXELS, load_network


def create_app(path: Path) -> FastAPI:
    """Return a service with the network of a file."""
    app, network = FastAPI(), load_network(path)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        x = np.frombuffer(await request.body(), "<f4").reshape(-1, PIXELS)
        content = network.predict(x).tobytes()
        return Response(content, media_type="application/octet-stream")

    return app
