"""What FastAPI hands to a route: settings, the clock, snapshots, a reader."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from api.auth import WhoAsks
from api.errors import BadParameter
from api.params import PastMoment
from api.settings import Settings
from api.snapshots import Reader, Snapshots


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _snapshots(request: Request) -> Snapshots:
    snapshots: Snapshots = request.app.state.snapshots
    return snapshots


def _moment(request: Request) -> datetime:
    return _settings(request).moment()


def _as_of(request: Request) -> datetime | None:
    """The past moment that is asked for; only routes that take it ask for this."""
    asked = request.query_params.get("as_of")
    if asked is None:
        return None
    try:
        moment = _PAST_MOMENT.validate_python(asked).astimezone(UTC)
    except (ValidationError, OverflowError) as error:
        raise BadParameter(
            "The parameter as_of is no moment with a zone.",
            "Write it such as 2026-03-10T09:30:00Z.",
        ) from error
    if moment > _settings(request).moment():
        raise BadParameter(
            f"The moment {moment.isoformat()} has not come yet.",
            "Leave out as_of for what is known now.",
        )
    return moment


_AsOf = Annotated[datetime | None, Depends(_as_of)]
_PAST_MOMENT: TypeAdapter[datetime] = TypeAdapter(PastMoment)


def _moment_asked(request: Request, as_of: _AsOf) -> datetime:
    return as_of or _moment(request)


def _reader_asked(request: Request, caller: WhoAsks, as_of: _AsOf) -> Iterator[Reader]:
    with _snapshots(request).reading(caller, as_of) as reader:
        request.state.snapshot_id = reader.snapshot_id
        yield reader


def _reader(request: Request, caller: WhoAsks) -> Iterator[Reader]:
    with _snapshots(request).reading(caller) as reader:
        request.state.snapshot_id = reader.snapshot_id
        yield reader


async def _accepted(request: Request) -> str:
    return request.headers.get("accept", "")


async def _has_gone(request: Request) -> Callable[[], bool]:
    """Tells, in any other thread, whether the caller has gone away."""
    loop = asyncio.get_running_loop()

    async def is_gone() -> bool:
        try:
            return await request.is_disconnected()
        except HTTPException:
            # It looks by reading on, and there is more of a body than may be read.
            return True

    def has_gone() -> bool:
        return asyncio.run_coroutine_threadsafe(is_gone(), loop).result()

    return has_gone


UsedSettings = Annotated[Settings, Depends(_settings)]
Accepted = Annotated[str, Depends(_accepted)]
HasGone = Annotated[Callable[[], bool], Depends(_has_gone)]
OpenSnapshots = Annotated[Snapshots, Depends(_snapshots)]
Moment = Annotated[datetime, Depends(_moment)]
# Left once the route is through: a caller who reads slowly holds no snapshot.
OneSnapshot = Annotated[Reader, Depends(_reader, scope="function")]
# Of routes that take `as_of`: the clock of their windows, and what they read.
MomentAsked = Annotated[datetime, Depends(_moment_asked)]
SnapshotAsked = Annotated[Reader, Depends(_reader_asked, scope="function")]
