"""JSON and pages packed with gzip for who takes that. Exports go as they are."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

# Below it a packet of the network holds the answer as it is.
LEAST_BYTES = 1400
# Level 9 takes three times as long for a few bytes less.
LEVEL = 5
AS_THEY_ARE = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
)
_GZIP = re.compile(r"(?:^|[,\s])gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)", re.I)


class Packing(GZipMiddleware):
    """Starlette's, which takes `gzip;q=0` for a wish, with that seen as a refusal."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, LEAST_BYTES, LEVEL, exclude_content_types=AS_THEY_ARE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not takes_gzip(scope):
            scope = {**scope, "headers": list(scope["headers"])}
            del MutableHeaders(scope=scope)["accept-encoding"]
        await super().__call__(scope, receive, send)


def takes_gzip(scope: Scope) -> bool:
    """Whether a request's answer may be packed. Source: RFC 9110, 12.5.3."""
    return _GZIP.search(Headers(scope=scope).get("accept-encoding", "")) is not None
