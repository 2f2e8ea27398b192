"""The page that shows the API's own description. It fetches and runs nothing."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

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
