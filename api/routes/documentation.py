"""The API's description of itself, and a page that shows it.

Both are open to everybody, so they are made once. The page fetches and runs nothing.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from api.reference import STYLE_DIGEST, page

router = APIRouter(tags=["documentation"])

POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    state = request.app.state
    if not hasattr(state, "docs"):
        state.docs = page(request.app.openapi())
    return HTMLResponse(state.docs, headers={"Content-Security-Policy": POLICY})


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = JSONResponse(request.app.openapi()).body
    return Response(state.openapi, media_type="application/json")


@router.get("/", include_in_schema=False)
def root() -> RedirectResponse:
    return RedirectResponse("/docs")
