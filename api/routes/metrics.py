"""What Prometheus scrapes."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from api.answers import stale_now
from api.auth import WhoAsks
from api.dependencies import Moment, OpenSnapshots, UsedSettings
from api.errors import NoData, SnapshotUnusable
from api.scraping import Ages, Requests
from api.shelf import Source
from api.snapshots import Snapshots
from api.status_file import read_status

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="Data age per account, snapshot age and requests, for Prometheus",
    response_class=PlainTextResponse,
)
def metrics(
    request: Request,
    caller: WhoAsks,
    snapshots: OpenSnapshots,
    settings: UsedSettings,
    now: Moment,
) -> PlainTextResponse:
    requests: Requests = request.app.state.requests
    source = _served(snapshots)
    report = read_status(settings.data_dir, caller).report
    stale, _ = stale_now(settings, caller, source, None, now)
    ages = Ages(
        now=now,
        published_at=source.published_at if source else None,
        written_at=report.written_at if report else None,
        succeeded=report.cycle.outcome == "ok" if report and report.cycle else None,
        is_pinned=source is not None and source.pin is not None,
        is_stale=stale is not None,
        accounts=report.accounts if report else [],
    )
    # Requests are everybody's: a key of some stores is not told what others ask.
    counts = requests.text() if caller.stores is None else b""
    return PlainTextResponse(ages.text() + counts, media_type=CONTENT_TYPE_LATEST)


def _served(snapshots: Snapshots) -> Source | None:
    try:
        return snapshots.served()
    except (NoData, SnapshotUnusable):
        return None
