"""The documentation that dbt generates, and the way from the root to the API's own."""

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse

from api.errors import NoLineage
from api.params import UsedSettings

router = APIRouter(tags=["documentation"])


@router.get(
    "/lineage", summary="Where each column comes from: the documentation of dbt"
)
def lineage(settings: UsedSettings) -> FileResponse:
    page = settings.data_dir / "docs" / "static_index.html"
    if not page.is_file():
        raise NoLineage(
            "The documentation was not generated yet.", "Run `pathways docs`."
        )
    return FileResponse(page, media_type="text/html")


@router.get("/", include_in_schema=False)
def root() -> RedirectResponse:
    return RedirectResponse("/docs")
