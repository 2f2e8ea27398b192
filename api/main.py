"""The application: routes, failures and request ids put together."""

import ipaddress
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import PROBLEM_TYPE, ConfigurationError, register, unexpected
from api.measures import Requests
from api.observing import Observed
from api.routes import (
    budget,
    dashboard,
    definitions,
    health,
    lineage,
    metrics,
    objects,
    rows,
    status,
    stores,
)
from api.schemas import Problem
from api.settings import Settings
from api.snapshots import Snapshots

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": text,
        "content": {PROBLEM_TYPE: {"schema": Problem.model_json_schema()}},
    }
    for code, text in {
        404: "There is no such store, campaign or route.",
        410: "The cursor's snapshot is no longer served.",
        422: "A parameter cannot be used.",
        503: "There is no snapshot to read, or the answer is too much work.",
    }.items()
}


class RequestIds:
    """Gives each request an id: the caller's own where it is plain, else a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        is_plain = re.fullmatch(r"[A-Za-z0-9._-]{1,64}", asked)
        request_id = asked if is_plain else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, send_with_id)


def create_app(settings: Settings) -> FastAPI:
    """The API over the snapshots of `settings.data_dir`. It only reads.

    Raises:
        ConfigurationError: the host is not loopback, or `now` has no zone.
    """
    if not _is_loopback(settings.host):
        raise ConfigurationError(
            f"The API would listen on {settings.host}, where others can reach it, and "
            "it has no keys yet. Set pathways.serve.host to 127.0.0.1."
        )
    if settings.now is not None and settings.now.tzinfo is None:
        raise ConfigurationError(
            f"The clock stands at {settings.now}, which has no time zone. Write "
            "PATHWAYS__NOW with one, such as 2026-03-10T09:30:00Z."
        )
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
        docs_url="/docs" if settings.has_docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.has_docs else None,
    )
    app.state.settings = settings
    app.state.snapshots = snapshots
    app.state.requests = requests
    register(app)
    app.add_middleware(Observed, requests=requests, unexpected=unexpected)
    app.add_middleware(RequestIds)
    for module in (
        *(health, stores, status, dashboard, objects, rows, budget, definitions),
        *(lineage, metrics),
    ):
        app.include_router(module.router, responses=PROBLEMS)
    return app


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
