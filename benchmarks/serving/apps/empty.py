"""An empty route: the time that server and framework take."""

from pathlib import Path

from fastapi import FastAPI


def create_app(_path: Path) -> FastAPI:
    """Return a service with an empty route; it needs no model."""
    app = FastAPI()

    @app.get("/empty")
    async def get_empty() -> dict[str, str]:
        return {"status": "ok"}

    return app
