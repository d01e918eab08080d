"""Puts the api together: routers in, one ASGI application out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response

from gururmm_server import __version__
from gururmm_server.core.access.doors import public
from gururmm_server.entrypoints.internal_api.compression import Compressed
from gururmm_server.entrypoints.internal_api.dashboard import Dashboard
from gururmm_server.entrypoints.internal_api.document import describe_doors
from gururmm_server.entrypoints.internal_api.failures import Problem, add_handlers
from gururmm_server.entrypoints.internal_api.gate import App, Authenticator, Gate
from gururmm_server.entrypoints.internal_api.strangers import Strangers
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.metrics import MetricsReaders, Ready, exposition
from gururmm_server.infra.proxies import TrustedProxies

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Web:
    """How the api meets the world."""

    public_url: str
    """What browsers call it; its origin may use the refresh cookie."""
    trusted_proxies: Sequence[str] = ()
    metrics_from: Sequence[str] = ()
    dashboard_dir: Path | None = None


def build_app(
    routers: Sequence[APIRouter],
    *,
    roots: Sequence[APIRouter] = (),
    authenticator: Authenticator,
    strangers: Strangers,
    bootstrap: App,
    ready: Ready,
    web: Web,
) -> FastAPI:
    """Returns the api: `routers` under /api/v1, `roots` (for everybody) at /, bootstrap, probes and the dashboard."""
    app = FastAPI(
        title="GuruRMM",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
        generate_unique_id_function=lambda route: route.name,
    )
    for router in routers:
        app.include_router(router, prefix=PREFIX)
    for router in roots:
        app.include_router(router, dependencies=[public()])
    app.include_router(_probes(ready, MetricsReaders(web.metrics_from)))
    app.router.default = Dashboard(web.dashboard_dir)
    add_handlers(app)
    describe_doors(app)
    app.add_middleware(Compressed)
    app.add_middleware(
        Gate,
        authenticator=authenticator,
        bootstrap=bootstrap,
        proxies=TrustedProxies(web.trusted_proxies),
        strangers=strangers,
        public_url=web.public_url,
    )
    return app


def _probes(ready: Ready, readers: MetricsReaders) -> APIRouter:
    router = APIRouter(include_in_schema=False, dependencies=[public()])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, bool]:
        parts = await ready()
        response.status_code = 200 if all(parts.values()) else 503
        return parts

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not readers.may(request.client.host if request.client else "", (name for name, _ in request.headers.raw)):
            raise NotFound("There is nothing at this address.")
        body, kind = exposition()
        return Response(body, headers={"content-type": kind})

    return router
