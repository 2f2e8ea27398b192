"""The published snapshots: which one is current, and reading it. All DuckDB is here.

A snapshot is immutable. It is opened read-only, without access to files but those of
exports in a folder of this process; settings are locked. The pointer is looked at
between requests; who began reading one snapshot ends with it. The SQL is in `queries/`,
loaded once; values are bound, never written into it.
A reader belongs to a caller: what its stores are is bound here and nowhere else.
"""

import functools
import hashlib
import json
import logging
import re
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from api.callers import Caller, unknown_store
from api.errors import ExportFailed, NoData, SnapshotUnusable, TooLarge, TooSlow
from api.limits import Turns
from api.settings import Settings

LOGGER = logging.getLogger("api")
Row = dict[str, Any]
# A table or a column is not there: an earlier release built the snapshot.
OF_ANOTHER_RELEASE = (duckdb.CatalogException, duckdb.BinderException)
# A request that waits longer for its turn is better asked again.
TURN_SECONDS = 2.0


@dataclass(frozen=True)
class Query:
    """A statement and the names of the values it binds."""

    sql: str
    parameters: frozenset[str]


def _load(folder: Path) -> Mapping[str, Query]:
    texts = {file.stem: file.read_text("utf-8") for file in folder.glob("*.sql")}
    return {
        name: Query(sql, frozenset(re.findall(r"\$([a-z_]+)", sql)))
        for name, sql in texts.items()
    }


QUERIES = _load(Path(__file__).with_name("queries"))


@dataclass(frozen=True)
class Pointer:
    """What current.json names."""

    snapshot_id: str
    file: str
    sha256: str
    published_at: datetime
    previous: str | None


@functools.cache
def _exports() -> tempfile.TemporaryDirectory[str]:
    """The one folder that databases of this process may write to; ends with it."""
    return tempfile.TemporaryDirectory(prefix="pathways-exports-")


def _file_name() -> str:
    return uuid.uuid4().hex


class _Unusable(Exception):
    """A pointer, manifest or snapshot cannot be used; the text says why, with paths."""


@dataclass
class _Opened:
    pointer: Pointer
    connection: duckdb.DuckDBPyConnection
    readers: int = 0
    is_retired: bool = False


class _Watch:
    """Interrupts what a cursor runs once its time is up or nobody waits for it."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
        is_given_up: Callable[[], bool] | None = None,
    ) -> None:
        self.seconds = seconds
        self.is_late = threading.Event()
        self._cursor = cursor
        self._is_given_up = is_given_up
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Watch no longer."""
        self._is_done.set()
        self._thread.join()

    def _run(self) -> None:
        if self._is_ended_in_time():
            return
        self.is_late.set()
        # An interrupt that comes between two statements is lost: repeat it.
        while not self._is_done.wait(0.05):
            self._cursor.interrupt()

    def _is_ended_in_time(self) -> bool:
        if self._is_given_up is None:
            return self._is_done.wait(self.seconds)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            if self._is_done.wait(0.2):
                return True
            if self._is_given_up():
                return False
        return False


class Reader:
    """One request's view of one snapshot: its caller's stores, and no other."""

    def __init__(
        self,
        caller: Caller,
        pointer: Pointer,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
        warnings: tuple[str, ...],
    ) -> None:
        self.caller = caller
        self.snapshot_id = pointer.snapshot_id
        self.published_at = pointer.published_at
        self.warnings = warnings
        self._cursor = cursor
        self._watch = _Watch(cursor, seconds)

    def end(self) -> None:
        """Read no longer."""
        self._watch.end()

    def rows(self, query: str, values: Mapping[str, object]) -> list[Row]:
        """The rows of a query by its name, each a dictionary of its columns.

        Raises:
            UnknownStore: `store` is none that the caller may see.
            TooSlow: the request's queries took longer than allowed.
            TooLarge: they took more memory than allowed.
            SnapshotUnusable: the database failed to read the snapshot.
        """
        try:
            found = self._run(query, values)
        except (duckdb.IOException, *OF_ANOTHER_RELEASE) as error:
            raise _unusable() from error
        columns = [column[0] for column in self._cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found]

    def write(
        self,
        query: str,
        values: Mapping[str, object],
        seconds: float,
        is_given_up: Callable[[], bool],
    ) -> tuple[BinaryIO, int]:
        """What a query writes to its `$file`, and how many rows that are.

        The file has no name any more: it goes with its last handle.

        Args:
            seconds: how long it may take.
            is_given_up: whether nobody waits for it any more; asked all the while.

        Raises:
            TooSlow: it took longer, or was given up.
            TooLarge: it took more memory than allowed.
            ExportFailed: the file could not be written.
        """
        self._watch.end()
        self._watch = _Watch(self._cursor, seconds, is_given_up)
        file = Path(_exports().name) / _file_name()
        try:
            ((count,),) = self._run(query, {**values, "file": str(file)})
            return file.open("rb"), count
        except OF_ANOTHER_RELEASE as error:
            raise _unusable() from error
        except (duckdb.IOException, OSError) as error:
            raise ExportFailed(
                "The export could not be written.",
                "See that the folder for temporary files has room, or ask for fewer "
                "days.",
            ) from error
        finally:
            file.unlink(missing_ok=True)

    def _run(self, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        asked = QUERIES[query]
        bound = self._bound(asked, values)
        if self._watch.is_late.is_set():
            raise self._too_slow()
        try:
            self._cursor.execute(asked.sql, bound)
            return self._cursor.fetchall()
        except duckdb.InterruptException as error:
            raise self._too_slow() from error
        except duckdb.OutOfMemoryException as error:
            raise TooLarge(
                "The answer would need more memory than a request may use.",
                "Ask for fewer days.",
            ) from error

    def _bound(self, asked: Query, values: Mapping[str, object]) -> dict[str, object]:
        """What a statement binds: a store that is visible, and all that are."""
        store = values.get("store")
        if isinstance(store, str) and not self.caller.sees(store):
            raise unknown_store(store)
        known = {**values, "visible_stores": self.caller.visible_stores()}
        return {name: known[name] for name in asked.parameters}

    def _too_slow(self) -> TooSlow:
        return TooSlow(
            f"The answer took longer than {self._watch.seconds:g} s.",
            "Ask for fewer days, or again later.",
        )


class Snapshots:
    """The published snapshots of a data folder, one open at a time for new requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir
        self._counting = threading.Lock()
        self._looking = threading.Lock()
        self._turns = Turns(settings.queries_at_once, TURN_SECONDS)
        self._look_at = 0.0
        self._seen: tuple[int, ...] | None = None
        self._current: _Opened | None = None
        self._problem: str | None = None

    @contextmanager
    def reading(self, caller: Caller) -> Iterator[Reader]:
        """A caller's reader of the current snapshot; it stays with it until it is left.

        Raises:
            Busy: too many others read.
            NoData: nothing was published yet.
            SnapshotUnusable: what was published cannot be opened.
        """
        with self._turns.one(caller):
            yield from self._read(caller)

    def _read(self, caller: Caller) -> Iterator[Reader]:
        opened = self._enter()
        try:
            with opened.connection.cursor() as cursor:
                seconds = self._settings.query_seconds
                reader = Reader(
                    caller, opened.pointer, cursor, seconds, self._warnings()
                )
                try:
                    yield reader
                finally:
                    reader.end()
        finally:
            self._leave(opened)

    def seen(self) -> tuple[str, tuple[str, ...]] | None:
        """The open snapshot, its warnings; None where a look at the pointer is due."""
        current = self._current
        if current is None or time.monotonic() >= self._look_at:
            return None
        return current.pointer.snapshot_id, self._warnings()

    def close(self) -> None:
        """Close the current snapshot; the next reader opens it again."""
        with self._looking:
            self._seen = None
            self._look_at = 0.0
            self._swap(None)

    def _warnings(self) -> tuple[str, ...]:
        return (self._problem,) if self._problem else ()

    def _enter(self) -> _Opened:
        self._look()
        with self._counting:
            if self._current is not None:
                self._current.readers += 1
                return self._current
        if self._problem:
            raise _unusable()
        raise NoData("Nothing was published yet.", "Run `pathways run`.")

    def _leave(self, opened: _Opened) -> None:
        with self._counting:
            opened.readers -= 1
            is_last = opened.is_retired and opened.readers == 0
        if is_last:
            opened.connection.close()

    def _look(self) -> None:
        # Only the first request waits; later ones go on with the snapshot they have.
        if not self._looking.acquire(blocking=self._current is None):
            return
        try:
            if time.monotonic() >= self._look_at:
                self._follow_pointer()
                self._look_at = time.monotonic() + self._settings.poll_seconds
        finally:
            self._looking.release()

    def _follow_pointer(self) -> None:
        file = self._folder / "current.json"
        try:
            stat = file.stat()
        except FileNotFoundError:
            if self._current is not None:
                self._problem = "The pointer to the current snapshot is missing."
            return
        signature = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if signature == self._seen:
            return
        try:
            pointer = _read_pointer(file)
            if self._current is None or self._current.pointer != pointer:
                self._swap(self._open(pointer))
        except _Unusable as error:
            LOGGER.error("The current snapshot cannot be used: %s", error)
            self._problem = (
                "The newest snapshot cannot be used; the one before is served."
            )
            if self._current is None:
                self._open_previous(file)
            return
        self._seen = signature
        self._problem = None

    def _open_previous(self, file: Path) -> None:
        try:
            newest = _read_pointer(file)
            if newest.previous is not None:
                self._swap(self._open(self._read_manifest(newest.previous)))
        except _Unusable as error:
            LOGGER.error("The previous snapshot cannot be used either: %s", error)

    def _swap(self, opened: _Opened | None) -> None:
        with self._counting:
            before, self._current = self._current, opened
            if before is None:
                return
            before.is_retired = True
            is_last = before.readers == 0
        if is_last:
            before.connection.close()

    def _read_manifest(self, snapshot_id: str) -> Pointer:
        manifest = _read_json(self._folder / "snapshots" / f"{snapshot_id}.json")
        return _pointer({**manifest, "file": f"snapshots/{snapshot_id}.duckdb"})

    def _open(self, pointer: Pointer) -> _Opened:
        file = (self._folder / pointer.file).resolve()
        if file.parent != (self._folder / "snapshots").resolve():
            raise _Unusable(f"{file} is not in the folder of snapshots")
        try:
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if digest != pointer.sha256:
                raise _Unusable(f"{file} is damaged: its digest is {digest}")
            return _Opened(pointer, self._connect(file))
        except (OSError, duckdb.Error) as error:
            raise _Unusable(f"{file} cannot be opened: {error}") from error

    def _connect(self, file: Path) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            file,
            read_only=True,
            config={
                # Whatever is read in order says so; a million rows for an export would
                # wait in memory for their turn.
                "preserve_insertion_order": "false",
                "memory_limit": self._settings.memory_limit,
                "temp_directory": "",
                "threads": str(self._settings.threads),
            },
        )
        try:
            # A file that an earlier request still reads is shared, its settings locked.
            settings = connection.execute(
                "select current_setting('lock_configuration')"
            )
            if settings.fetchall() == [(False,)]:
                connection.execute("set global TimeZone = 'UTC'")
                connection.execute(
                    "set global allowed_directories = [$folder]",
                    {"folder": _exports().name},
                )
                connection.execute("set global enable_external_access = false")
                connection.execute("set global lock_configuration = true")
            connection.execute(QUERIES["opening"].sql)
        except duckdb.Error:
            connection.close()
            raise
        return connection


def _unusable() -> SnapshotUnusable:
    return SnapshotUnusable(
        "The published snapshot cannot be read, or not by this release.",
        "Run `pathways run`: it builds and publishes anew.",
    )


def _read_pointer(file: Path) -> Pointer:
    return _pointer(_read_json(file))


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise _Unusable(f"{file} cannot be read: {error}") from error


def _pointer(document: Any) -> Pointer:
    try:
        return Pointer(
            snapshot_id=document["snapshot_id"],
            file=document["file"],
            sha256=document["sha256"],
            published_at=datetime.fromisoformat(document["published_at"]),
            previous=document.get("previous"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _Unusable(f"a pointer or manifest lacks {error}") from error
