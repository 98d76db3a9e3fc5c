"""/healthz and /readyz: liveness and readiness."""

from fastapi import APIRouter

from service.context import ContextDep
from service.health import check
from service.http.api_route import ApiRoute
from service.http.problems import problems
from service.schemas.health import HealthView, ReadinessView
from service.version import VERSION

router = APIRouter(tags=["health"], route_class=ApiRoute)


@router.get("/healthz")
async def get_health() -> HealthView:
    """Report that the process is alive."""
    return HealthView(status="ok", version=VERSION)


@router.get("/readyz", responses=problems(503))
def get_readiness(context: ContextDep) -> ReadinessView:
    """Check the database, its schema and the broker; list the live workers."""
    return check(context)
