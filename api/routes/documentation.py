"""The page that shows the API's own description; it runs scripts of others.

Its policy lets in those two files and the one line that starts them, and lets them talk
to this API alone.
"""

import base64
import hashlib
import re

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

router = APIRouter(tags=["documentation"])

SCRIPTS = "https://cdn.jsdelivr.net"
ICON = "https://fastapi.tiangolo.com"


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url=str(request.app.openapi_url), title=request.app.title
    )
    (start,) = re.findall(r"<script>(.*?)</script>", bytes(page.body).decode(), re.S)
    digest = base64.b64encode(hashlib.sha256(start.encode()).digest()).decode()
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {SCRIPTS} 'sha256-{digest}'; "
        f"style-src {SCRIPTS} 'unsafe-inline'; img-src {ICON} data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return page
