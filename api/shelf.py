"""Which snapshot is current, and that it is open: a whole one only.

Pointer and file are looked at between requests, and bytes are checked again when one of
the two looks otherwise than before; who began with one snapshot ends with it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Generic

from api.as_of import Past
from api.documents import Refused, Unusable
from api.errors import NoData
from api.opening import Connection, Look, Opened, Opening, look_of, unusable
from api.past_states import PastStates
from api.pointing import ByHand, Pointer, pin_of, read_pointer
from api.published import Published, instead_of, pointed_at, was_published

LOGGER = logging.getLogger("api")


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


@dataclass(frozen=True)
class _Found(Generic[Connection]):
    """What a look at the files found: one thing, so that nobody sees parts of two.

    Attributes:
        opened: None where nothing can be read.
        problem: why it is not what the pointer names; None where it is.
    """

    opened: Opened[Connection] | None = None
    pin: ByHand | None = None
    problem: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return (self.problem,) if self.problem else ()


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
        self._opening = Opening(connect)
        self._past = PastStates(folder, self._opening)
        self._looking = threading.Lock()
        self._look_at = 0.0
        self._seen: list[Look | None] | None = None
        self._is_doubted = False
        self._found = _Found[Connection]()

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
        if as_of is None:
            opened, source = self._enter()
        else:
            opened, past = self._past.enter(as_of)
            source = _source(opened, None, past, ())
        try:
            yield opened, source
        finally:
            opened.leave()

    def seen(self) -> Source | None:
        """What the next reader gets; None where a look at the files is due."""
        found = self._found
        if found.opened is None or time.monotonic() >= self._look_at:
            return None
        return _source(found.opened, found.pin, None, found.warnings)

    def doubt(self) -> None:
        """Check the bytes of what is open again before the next request."""
        self._is_doubted = True
        self._look_at = 0.0
        self._past.doubt()

    def close(self) -> None:
        """Close everything; the next reader opens it again."""
        with self._looking:
            self._seen = None
            self._look_at = 0.0
            self._swap(_Found())
        self._past.close()

    def _enter(self) -> tuple[Opened[Connection], Source]:
        self._look()
        held = self._hold()
        if held is None:
            # Another request is just opening what takes the place of the last one.
            with self._looking:
                held = self._hold()
        if held is not None:
            return held
        if self._found.problem:
            raise unusable(self._found.problem)
        raise NoData("Nothing was published yet.", "Run `pathways run`.")

    def _hold(self) -> tuple[Opened[Connection], Source] | None:
        while (found := self._found).opened is not None:
            if found.opened.hold():
                source = _source(found.opened, found.pin, None, found.warnings)
                return found.opened, source
        return None

    def _look(self) -> None:
        # Only the first request waits; later ones go on with the snapshot they have.
        if not self._looking.acquire(blocking=self._found.opened is None):
            return
        try:
            if time.monotonic() >= self._look_at:
                # Before the look: whoever doubts meanwhile has the next one look again.
                self._look_at = time.monotonic() + self._poll_seconds
                self._follow_pointer()
        except BaseException:
            self._look_at = 0.0
            raise
        finally:
            self._looking.release()

    def _follow_pointer(self) -> None:
        is_doubted, self._is_doubted = self._is_doubted, False
        # Before it is read: what takes its place meanwhile is read the next time.
        pointer = look_of(self._folder / "current.json")
        if [pointer, *self._looks()] == self._seen and not is_doubted:
            return
        if is_doubted:
            self._swap(replace(self._found, opened=None))
        problems: list[Unusable] = []
        try:
            found = self._looked_up(problems)
        except Unusable as error:
            # What readers were rolled back from must not be guessed.
            problems.insert(0, error)
            found = _Found()
        self._swap(replace(found, problem=self._told(problems, found.opened)))
        # What is wrong may be put right in a way that no look shows.
        self._seen = None if problems else [pointer, *self._looks()]

    def _looked_up(self, problems: list[Unusable]) -> _Found[Connection]:
        """What is to be read, and what holds readers there.

        Raises:
            Unusable: who holds them where cannot be read.
        """
        pointer: Pointer | None = None
        current: Published | None = None
        try:
            pointer = read_pointer(self._folder)
        except Refused:
            raise
        except Unusable as error:
            problems.append(error)
        pin = pin_of(self._folder, pointer)
        if pointer is not None:
            try:
                current = pointed_at(self._folder, pointer)
                return _Found(self._same_or_opened(current), pin)
            except Unusable as error:
                problems.append(error)
        known = pointer or pin
        newest = known.snapshot_id if known else None
        for published in instead_of(self._folder, newest):
            if published == current:
                continue
            try:
                return _Found(self._same_or_opened(published), pin)
            except Unusable as error:
                problems.append(error)
        return _Found(None, pin)

    def _looks(self) -> list[Look | None]:
        """What manifest and file of what is open look like."""
        if self._found.opened is None:
            return []
        file = self._found.opened.published.file
        return [look_of(file.with_suffix(".json")), look_of(file)]

    def _told(
        self, problems: list[Unusable], opened: Opened[Connection] | None
    ) -> str | None:
        """The problem in a sentence, logged when it is a new one."""
        if not problems or not was_published(self._folder):
            return None
        problem = f"The current snapshot cannot be used: {problems[0].why}."
        if opened is not None:
            moment = opened.published.published_at.isoformat()
            problem += f" The newest whole one is served, published at {moment}."
        if problem != self._found.problem:
            for each in dict.fromkeys(map(str, problems)):
                LOGGER.error("A snapshot cannot be used: %s", each)
        return problem

    def _same_or_opened(self, published: Published) -> Opened[Connection]:
        current = self._found.opened
        is_open = current is not None and current.published == published
        if current and is_open and look_of(published.file) == current.looked:
            return current
        return self._opening.open(published)

    def _swap(self, found: _Found[Connection]) -> None:
        before, self._found = self._found.opened, found
        if before is not None and before is not found.opened:
            before.retire()


def _source(
    opened: Opened[Connection],
    pin: ByHand | None,
    past: Past | None,
    warnings: tuple[str, ...],
) -> Source:
    published = opened.published
    return Source(published.snapshot_id, published.published_at, pin, past, warnings)
