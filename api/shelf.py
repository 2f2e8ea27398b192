"""Which snapshot is current, and which databases are open: whole ones only.

The bytes of a snapshot are checked before it is opened, and again when its file looks
otherwise than then. A shared lock on the file tells pruning that it is open. Pointer
and file are looked at between requests; who began with one snapshot ends with it.
"""

import fcntl
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from api.as_of import Past, past
from api.errors import NoData, SnapshotUnusable
from api.published import (
    ByHand,
    Pointer,
    Published,
    Unusable,
    digest_of,
    instead_of,
    last_by_hand,
    pin_of,
    pointed_at,
    read_pointer,
    was_published,
)

LOGGER = logging.getLogger("api")
# Past states that stay open for the next who asks.
PAST_OPEN = 2
Look = tuple[int, ...]


class Closable(Protocol):
    """An open database."""

    def close(self) -> None: ...


Connection = TypeVar("Connection", bound=Closable)


@dataclass(frozen=True)
class Source:
    """What a reader reads.

    Attributes:
        published_at: aware.
        pin: the rollback that holds readers here; None where none does.
        past: which moment was asked for; None for the current snapshot.
        warnings: why it is not the one that the pointer names.
    """

    snapshot_id: str
    published_at: datetime
    pin: ByHand | None = None
    past: Past | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class Opened(Generic[Connection]):
    """A database whose bytes are those of its manifest.

    Attributes:
        content: keeps the lock against pruning while it is open.
        looked: what the file looked like when its bytes were checked.
    """

    published: Published
    connection: Connection
    content: BufferedReader
    looked: Look
    readers: int = 0
    is_retired: bool = False

    def close(self) -> None:
        self.connection.close()
        self.content.close()


class Shelf(Generic[Connection]):
    """The open databases of a data folder."""

    def __init__(
        self,
        folder: Path,
        poll_seconds: float,
        connect: Callable[[Path], Connection],
    ) -> None:
        """Nothing is opened before it is asked for.

        Args:
            poll_seconds: the files are looked at no more often than this.
            connect: opens a database, or raises Unusable.
        """
        self._folder = folder
        self._poll_seconds = poll_seconds
        self._connect = connect
        self._counting = threading.Lock()
        self._looking = threading.Lock()
        self._opening_past = threading.Lock()
        self._look_at = 0.0
        self._seen: object = None
        self._is_doubted = False
        self._current: Opened[Connection] | None = None
        self._past: OrderedDict[Path, Opened[Connection]] = OrderedDict()
        self._pin: ByHand | None = None
        self._problem: str | None = None

    @contextmanager
    def held(
        self, as_of: datetime | None
    ) -> Iterator[tuple[Opened[Connection], Source]]:
        """A database that stays open until it is left.

        Raises:
            NoData: nothing was published yet.
            SnapshotUnusable: nothing of what was published can be opened.
            AsOfGone: nothing of that moment or before is there any more.
        """
        opened, source = self._enter() if as_of is None else self._enter_past(as_of)
        try:
            yield opened, source
        finally:
            self._leave(opened)

    def seen(self) -> Source | None:
        """What the next reader gets; None where a look at the files is due."""
        opened = self._current
        if opened is None or time.monotonic() >= self._look_at:
            return None
        return _source(opened, self._pin, None, self._warnings())

    def doubt(self) -> None:
        """Check the bytes of what is open again before the next request."""
        self._is_doubted = True
        self._look_at = 0.0
        with self._opening_past:
            for opened in self._past.values():
                opened.looked = ()

    def close(self) -> None:
        """Close everything; the next reader opens it again."""
        with self._looking:
            self._seen = None
            self._look_at = 0.0
            self._swap(None)
        with self._opening_past:
            while self._past:
                self._retire(self._past.popitem()[1])

    def _enter(self) -> tuple[Opened[Connection], Source]:
        self._look()
        with self._counting:
            opened = self._current
            if opened is not None:
                opened.readers += 1
                return opened, _source(opened, self._pin, None, self._warnings())
        if self._problem:
            raise unusable(self._problem)
        raise NoData("Nothing was published yet.", "Run `pathways run`.")

    def _warnings(self) -> tuple[str, ...]:
        return (self._problem,) if self._problem else ()

    def _enter_past(self, as_of: datetime) -> tuple[Opened[Connection], Source]:
        with self._opening_past:
            found = past(self._folder, as_of)
            file = found.shown.file
            opened = self._past.get(file)
            if opened is None or _look_of(file) != opened.looked:
                if opened is not None:
                    self._retire(self._past.pop(file))
                try:
                    opened = self._open(found.shown)
                except Unusable as error:
                    LOGGER.error("A past state cannot be used: %s", error)
                    raise unusable(error.why) from error
                self._past[file] = opened
            self._past.move_to_end(file)
            with self._counting:
                opened.readers += 1
            while len(self._past) > PAST_OPEN:
                self._retire(self._past.popitem(last=False)[1])
        return opened, _source(opened, None, found, ())

    def _leave(self, opened: Opened[Connection]) -> None:
        with self._counting:
            opened.readers -= 1
            is_last = opened.is_retired and opened.readers == 0
        if is_last:
            opened.close()

    def _look(self) -> None:
        # Only the first request waits; later ones go on with the snapshot they have.
        if not self._looking.acquire(blocking=self._current is None):
            return
        try:
            if time.monotonic() >= self._look_at:
                self._follow_pointer()
                self._look_at = time.monotonic() + self._poll_seconds
        finally:
            self._looking.release()

    def _follow_pointer(self) -> None:
        if self._signature() == self._seen and not self._is_doubted:
            return
        if self._is_doubted:
            self._is_doubted = False
            self._swap(None)
        problems: list[Unusable] = []
        pointer: Pointer | None = None
        try:
            pointer = read_pointer(self._folder)
            self._swap(self._same_or_opened(pointed_at(self._folder, pointer)))
        except Unusable as error:
            problems.append(error)
            self._swap(self._newest_whole(pointer, problems))
        self._pin = pin_of(pointer.by_hand if pointer else last_by_hand(self._folder))
        self._note(problems)
        # What is wrong may be put right in a way that no signature shows.
        self._seen = None if problems else self._signature()

    def _signature(self) -> object:
        """What pointer, manifest and file look like: a restart would see the same."""
        files = [self._folder / "current.json"]
        if self._current is not None:
            file = self._current.published.file
            files += [file.with_suffix(".json"), file]
        return [_look_of(file) for file in files]

    def _newest_whole(
        self, pointer: Pointer | None, problems: list[Unusable]
    ) -> Opened[Connection] | None:
        for published in instead_of(self._folder, pointer):
            try:
                return self._same_or_opened(published)
            except Unusable as error:
                problems.append(error)
        return None

    def _note(self, problems: list[Unusable]) -> None:
        problem = None
        if problems and was_published(self._folder):
            problem = f"The current snapshot cannot be used: {problems[0].why}."
            if self._current is not None:
                moment = self._current.published.published_at.isoformat()
                problem += f" The newest whole one is served, published at {moment}."
        if problem is not None and problem != self._problem:
            for each in dict.fromkeys(map(str, problems)):
                LOGGER.error("A snapshot cannot be used: %s", each)
        self._problem = problem

    def _same_or_opened(self, published: Published) -> Opened[Connection]:
        current = self._current
        is_open = current is not None and current.published == published
        if current and is_open and _look_of(published.file) == current.looked:
            return current
        return self._open(published)

    def _open(self, published: Published) -> Opened[Connection]:
        file = published.file
        try:
            content = file.open("rb")
        except OSError as error:
            raise Unusable("its file is missing", file) from error
        try:
            fcntl.flock(content, fcntl.LOCK_SH)
            looked = _look(os.fstat(content.fileno()))
            # Pruned between the two: the name is gone or another's.
            if looked != _look_of(file):
                raise Unusable("its file is missing", file)
            if digest_of(content) != published.sha256:
                raise Unusable("its bytes are not those that were published", file)
            return Opened(published, self._connect(file), content, looked)
        except OSError as error:
            content.close()
            raise Unusable("its file cannot be read", file) from error
        except Unusable:
            content.close()
            raise

    def _swap(self, opened: Opened[Connection] | None) -> None:
        with self._counting:
            before, self._current = self._current, opened
        if before is not None and before is not opened:
            self._retire(before)

    def _retire(self, opened: Opened[Connection]) -> None:
        with self._counting:
            opened.is_retired = True
            is_last = opened.readers == 0
        if is_last:
            opened.close()


def unusable(why: str) -> SnapshotUnusable:
    """What to answer where nothing can be read; `why` has no path in it."""
    return SnapshotUnusable(
        f"The published snapshot cannot be read: {why.rstrip('.')}.",
        "Run `pathways run`: it builds and publishes anew.",
    )


def _source(
    opened: Opened[Connection],
    pin: ByHand | None,
    past: Past | None,
    warnings: tuple[str, ...],
) -> Source:
    published = opened.published
    return Source(published.snapshot_id, published.published_at, pin, past, warnings)


def _look_of(file: Path) -> Look | None:
    try:
        return _look(file.stat())
    except OSError:
        return None


def _look(stat: os.stat_result) -> Look:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
