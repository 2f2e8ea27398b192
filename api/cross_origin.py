"""Which pages of other origins may read answers: those listed, and by default none.

A key comes in a header that the page sets itself: no cookie is ever let along, so no
setting can combine a wildcard with credentials.
"""

from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem
from api.exports import HEADERS

SENT = ("Authorization", "If-None-Match", "X-Request-ID")
READ = (
    *("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"),
    *("Content-Disposition", *HEADERS),
)


class CrossOrigin(CORSMiddleware):
    """Starlette's, with its refusals as problems."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=SENT,
            expose_headers=READ,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if {"origin", "access-control-request-method"} <= set(headers):
                answer = self.preflight_response(headers)
                if answer.status_code != HTTPStatus.OK:
                    answer = problem(
                        Request(scope),
                        HTTPStatus.FORBIDDEN,
                        "API-403-ORIGIN",
                        "Pages of this origin may not send this request.",
                        "Whoever runs the server lists origins in "
                        "pathways.serve.cors_origins.",
                    )
                await answer(scope, receive, send)
                return
        await super().__call__(scope, receive, send)
