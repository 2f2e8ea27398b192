"""The documentation that dbt generates."""

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, HTMLResponse
from starlette.types import Receive, Scope, Send

from api.auth import who_asks
from api.dependencies import UsedSettings
from api.errors import NoLineage

router = APIRouter(tags=["documentation"])


# The page is one file that holds all of its scripts; it fetches nothing.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@router.get(
    "/lineage",
    summary="Where each column comes from: the documentation of dbt",
    response_class=HTMLResponse,
    dependencies=[Depends(who_asks)],
)
def lineage(settings: UsedSettings) -> FileResponse:
    page = settings.data_dir / "docs" / "static_index.html"
    if not page.is_file():
        raise NoLineage(
            "The documentation was not generated yet.", "Run `pathways docs`."
        )
    headers = {"Content-Security-Policy": POLICY}
    return _WholeFile(page, headers=headers, media_type="text/html")


class _WholeFile(FileResponse):
    """A file without its parts: what is wrong with a Range would be told as text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)
