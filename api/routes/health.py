"""Is the process alive, and can it answer."""

from typing import Literal

from fastapi import APIRouter

from api.auth import WhoAsks
from api.params import OpenSnapshots
from api.schemas import Shape, told

router = APIRouter(tags=["health"])


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"] = told("Always ok.")


class Ready(Alive):
    """A snapshot is open."""

    snapshot_id: str = told("The snapshot being served.")


@router.get("/healthz", summary="Whether the process is alive")
def healthz() -> Alive:
    return Alive(status="ok")


@router.get("/readyz", summary="Whether a snapshot is open; 503 otherwise")
def readyz(caller: WhoAsks, snapshots: OpenSnapshots) -> Ready:
    with snapshots.reading(caller) as reader:
        return Ready(status="ok", snapshot_id=reader.snapshot_id)
