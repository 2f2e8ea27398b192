"""The application: doors, routes and failures put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from starlette.routing import Route

from api.auth import Keyring
from api.caching import Caching, cacheable
from api.cross_origin import CrossOrigin
from api.doors import Doors
from api.errors import (
    PROBLEM_TYPE,
    ConfigurationError,
    KeysUnusable,
    register,
    unexpected,
)
from api.exports import Exports
from api.headers import AnswerHeaders
from api.hosts import is_loopback
from api.moving import States
from api.observing import Observed
from api.packing import Packing
from api.routes import (
    budget,
    dashboard,
    definitions,
    documentation,
    explain,
    health,
    lineage,
    metrics,
    objects,
    query,
    rows,
    status,
    stores,
)
from api.schemas import Problem
from api.scraping import Requests
from api.settings import Settings
from api.snapshots import Snapshots

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": text,
        "content": {PROBLEM_TYPE: {"schema": Problem.model_json_schema()}},
    }
    for code, text in {
        400: "The host is not this server's, or a key stands in the URL.",
        401: "There is no key, or it is not valid.",
        404: "There is no such store, campaign or route.",
        410: "The cursor's snapshot is no longer served.",
        413: "The body is too large.",
        414: "The URL is too long.",
        422: "A parameter cannot be used.",
        429: "The key asks more often than it may; Retry-After says when it may again.",
        503: "There is no snapshot to read, or the answer is too much work now.",
    }.items()
}


MOVING = tuple(
    module.router for module in (health, metrics, status, query, explain, lineage)
)
# Their answers depend on nothing but their key, and are kept.
KEPT = tuple(
    module.router for module in (stores, dashboard, objects, rows, budget, definitions)
)


def create_app(settings: Settings) -> FastAPI:
    """The API over the snapshots of `settings.data_dir`. It only reads.

    Raises:
        ConfigurationError: others can reach it and there is no key, or `now` has no
            zone.
    """
    if settings.now is not None and settings.now.tzinfo is None:
        raise ConfigurationError(
            f"The clock stands at {settings.now}, which has no time zone. Write "
            "PATHWAYS__NOW with one, such as 2026-03-10T09:30:00Z."
        )
    is_private = all(map(is_loopback, (settings.host, *settings.hosts)))
    keyring = Keyring(settings.data_dir, settings.moment, is_open=is_private)
    if not is_private:
        _require_key(settings, keyring)
    snapshots = Snapshots(settings)
    requests = Requests()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        snapshots.close()

    app = FastAPI(
        title="Meta data pathways",
        version="1",
        description=(
            "Meta ads data as two readers see it. Every answer is read from one "
            "published snapshot and says so in `meta`. Days are the ad accounts' own, "
            "both ends of a window included; money is decimal strings in the store's "
            "reporting currency; null means not known."
        ),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.settings = settings
    app.state.snapshots = snapshots
    app.state.requests = requests
    app.state.exports = Exports(settings)
    register(app)
    # The last one added is the first that a request meets; what may only be reached by
    # a known caller is added before the doors, and what is packed before what is kept.
    app.add_middleware(Packing)
    app.add_middleware(
        Caching, states=States(settings, snapshots), most_bytes=settings.kept_bytes
    )
    app.add_middleware(Doors, settings=settings, keyring=keyring)
    app.add_middleware(
        Observed, requests=requests, paths=_paths(settings), unexpected=unexpected
    )
    # A listed page may read why its request failed, whatever the reason.
    if settings.cors_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(AnswerHeaders)
    for router in MOVING:
        app.include_router(router, responses=PROBLEMS)
    for router in KEPT:
        app.include_router(
            router, responses=PROBLEMS, dependencies=[Depends(cacheable)]
        )
    if settings.has_docs:
        app.include_router(documentation.router)
    return app


def _paths(settings: Settings) -> frozenset[str]:
    """Of every route."""
    documents = (documentation.router,) if settings.has_docs else ()
    return frozenset(
        route.path
        for router in (*MOVING, *KEPT, *documents)
        for route in router.routes
        if isinstance(route, Route)
    )


def _require_key(settings: Settings, keyring: Keyring) -> None:
    try:
        if keyring.has_valid_key():
            return
        lacking = "there is no valid key"
    except KeysUnusable:
        lacking = "keys.json in the data folder cannot be read"
    names = (settings.host, *settings.hosts)
    name = next(name for name in names if not is_loopback(name))
    raise ConfigurationError(
        f"The API would answer for {name}, where others can reach it, and {lacking}. "
        "Make a key with `pathways keys add NAME --store STORE`, or set "
        "pathways.serve.host to 127.0.0.1 and leave pathways.serve.hosts empty."
    )
