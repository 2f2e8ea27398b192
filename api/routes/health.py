"""Is the process alive, can it answer, and how fresh are its answers."""

from typing import Literal

from fastapi import APIRouter

from api.answers import stale_now
from api.auth import WhoAsks
from api.dependencies import Moment, OpenSnapshots, UsedSettings
from api.schemas import Shape, Stale, told
from api.status_file import is_late, read_status

router = APIRouter(tags=["health"])


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"] = told("Always ok.")


class Ready(Alive):
    """A snapshot is open. What is late or stale is served as such, not withheld."""

    snapshot_id: str = told("The snapshot being served.")
    freshness: Literal["fresh", "late", "stale"] = told(
        "late: some account was last read, or the last cycle reported, more than two "
        "cycles ago. stale: some account was last read more than four cycles ago, or a "
        "step of the last cycle failed, or the current snapshot is damaged, or a "
        "rollback holds an earlier one. An account that failed alone is as old as its "
        "last reading."
    )
    stale: Stale | None = told("Null, or since when and why the data is too old.")


@router.get("/healthz", summary="Whether the process is alive")
def healthz() -> Alive:
    return Alive(status="ok")


@router.get("/readyz", summary="Whether a snapshot is open, and how fresh; else 503")
def readyz(
    caller: WhoAsks, snapshots: OpenSnapshots, settings: UsedSettings, now: Moment
) -> Ready:
    source = snapshots.served()
    stale, _ = stale_now(settings, caller, source, None, now)
    freshness: Literal["fresh", "late", "stale"] = "fresh"
    if stale is not None:
        freshness = "stale"
    elif is_late(read_status(settings.data_dir, caller), now):
        freshness = "late"
    return Ready(
        status="ok",
        snapshot_id=source.snapshot_id,
        freshness=freshness,
        stale=stale,
    )
