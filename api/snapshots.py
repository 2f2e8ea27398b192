"""Reading the published snapshots. All DuckDB is here.

A snapshot is immutable. It is opened read-only, without access to files but those of
exports in a folder of this process; settings are locked; `shelf` knows which one is
current and whole. The SQL is in `queries/`, loaded once; values are bound, never
written into it.
A reader belongs to a caller: what its stores are is bound here and nowhere else.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from api import export_folder
from api.callers import Caller, unknown_store
from api.documents import Unusable
from api.errors import BadRange, ExportFailed, SnapshotUnusable, TooLarge, TooSlow
from api.limits import Turns
from api.opening import unusable
from api.settings import Settings
from api.shelf import Shelf, Source

LOGGER = logging.getLogger("api")
Row = dict[str, Any]
# A table or a column is not there: an earlier release built the snapshot.
OF_ANOTHER_RELEASE = (duckdb.CatalogException, duckdb.BinderException)
# Its file is not what it was, or the database gave up on it.
UNREADABLE = (
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)
# Of one file DuckDB has one database in a process: who opens it second must find its
# settings made and locked, not half of them.
CONNECTING = threading.Lock()
# A request that waits longer for its turn is better asked again.
TURN_SECONDS = 2.0


@dataclass(frozen=True)
class Query:
    """A statement and the names of the values it binds."""

    sql: str
    parameters: frozenset[str]


def _load(folder: Path) -> Mapping[str, Query]:
    """The queries by name; within one, `queries.NAME` is another as a view would be."""
    texts = {file.stem: file.read_text("utf-8") for file in folder.glob("*.sql")}

    def whole(name: str) -> str:
        return re.sub(
            r"(?m)^( *from) queries\.(\w+)$",
            lambda found: f"{found[1]} (\n{whole(found[2])}) as {found[2]}",
            texts[name],
        )

    wholes = {name: whole(name) for name in texts}
    return {
        name: Query(sql, frozenset(re.findall(r"\$([a-z_]+)", sql)))
        for name, sql in wholes.items()
    }


QUERIES = _load(Path(__file__).with_name("queries"))


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
        try:
            if self._is_ended_in_time():
                return
        except Exception:  # whatever it is, the query keeps its bound
            LOGGER.exception("Whether a query is given up is not known: it is ended.")
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
        source: Source,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
    ) -> None:
        self.caller = caller
        self.source = source
        self.snapshot_id = source.snapshot_id
        self.published_at = source.published_at
        self.warnings = source.warnings
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
        except UNREADABLE as error:
            raise unusable("its file changed while it was read") from error
        except OF_ANOTHER_RELEASE as error:
            raise unusable("another release built it") from error
        columns = [column[0] for column in self._cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found]

    def write(
        self,
        query: str,
        values: Mapping[str, object],
        seconds: float,
        most_bytes: int,
        is_given_up: Callable[[], bool],
    ) -> tuple[BinaryIO, int]:
        """What a query writes to its `$file`, and how many rows that are.

        The file has no name any more: it goes with its last handle.

        Args:
            seconds: how long it may take.
            most_bytes: how large the file may become; looked at all the while.
            is_given_up: whether nobody waits for it any more; asked all the while.

        Raises:
            BadRange: the file became larger.
            TooSlow: it took longer, or was given up.
            TooLarge: it took more memory than allowed.
            ExportFailed: the file could not be written.
        """
        file = export_folder.new_file()
        too_large = threading.Event()

        def is_too_large() -> bool:
            # It is not there before the first row, nor once the database gave it up.
            with suppress(FileNotFoundError):
                if file.stat().st_size > most_bytes:
                    too_large.set()
            return too_large.is_set()

        self._watch.end()
        self._watch = _Watch(
            self._cursor, seconds, lambda: is_too_large() or is_given_up()
        )
        try:
            export_folder.make_again()
            ((count,),) = self._run(query, {**values, "file": str(file)})
            if is_too_large():
                raise _too_many_bytes(most_bytes)
            return file.open("rb"), count
        except TooSlow as error:
            if is_too_large():
                raise _too_many_bytes(most_bytes) from error
            raise
        except OF_ANOTHER_RELEASE as error:
            raise unusable("another release built it") from error
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


class ReaderOfTwo(Reader):
    """One request's view of two snapshots: catalogs `a` and `b` of one database.

    Both are always there; where they are one snapshot it is there twice. What is named
    without a catalog is `b`'s, as is what this reader says of itself.
    """

    def __init__(
        self,
        caller: Caller,
        a: Source,
        b: Source,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
    ) -> None:
        super().__init__(caller, b, cursor, seconds)
        self.a = a
        self.b = b


class Snapshots:
    """The published snapshots of a data folder, for many requests at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = Turns(settings.queries_at_once, TURN_SECONDS)
        # Each database of two has a memory limit of its own.
        self._turns_of_two = Turns(1, TURN_SECONDS)
        self._shelf = Shelf(settings.data_dir, settings.poll_seconds, self._open)

    @contextmanager
    def reading(
        self, caller: Caller, as_of: datetime | None = None
    ) -> Iterator[Reader]:
        """A caller's reader of the current snapshot, or of what was published then.

        It stays with it until it is left.

        Raises:
            Busy: too many others read.
            NoData: nothing was published yet.
            SnapshotUnusable: what was published cannot be opened.
            AsOfGone: nothing of that moment or before is there any more.
        """
        with (
            self._turns.one(caller),
            self._doubted_on_failure(),
            self._shelf.held(as_of) as (opened, source),
            opened.connection.cursor() as cursor,
        ):
            reader = Reader(caller, source, cursor, self._settings.query_seconds)
            try:
                yield reader
            finally:
                reader.end()

    @contextmanager
    def reading_two(
        self, caller: Caller, a: datetime | None = None, b: datetime | None = None
    ) -> Iterator[ReaderOfTwo]:
        """A reader of two snapshots at once, each by its moment; None is the current.

        One at a time, of all callers.

        Raises: as `reading`.
        """
        with (
            self._turns_of_two.one(caller),
            self._turns.one(caller),
            self._doubted_on_failure(),
            self._shelf.held(a) as (first, source_a),
            self._shelf.held(b) as (second, source_b),
            self._connect_two(
                first.published.file, second.published.file
            ) as connection,
        ):
            seconds = self._settings.query_seconds
            reader = ReaderOfTwo(caller, source_a, source_b, connection, seconds)
            try:
                yield reader
            finally:
                reader.end()

    def served(self) -> Source:
        """What is read at the moment. Nothing is asked of it, so it takes no turn.

        Raises:
            NoData: nothing was published yet.
            SnapshotUnusable: what was published cannot be opened.
        """
        with self._shelf.held(None) as (_, source):
            return source

    def seen(self) -> Source | None:
        """What is read at the moment; None where a look at the files is due."""
        return self._shelf.seen()

    def close(self) -> None:
        """Close what is open; the next reader opens it again."""
        self._shelf.close()

    @contextmanager
    def _doubted_on_failure(self) -> Iterator[None]:
        """A file that could not be read is checked again before the next request."""
        try:
            yield
        except SnapshotUnusable as error:
            if isinstance(error.__cause__, UNREADABLE):
                self._shelf.doubt()
            raise

    def _open(self, file: Path) -> duckdb.DuckDBPyConnection:
        try:
            with CONNECTING:
                return self._connect(file)
        except OF_ANOTHER_RELEASE as error:
            raise Unusable("another release built it", file) from error
        except duckdb.Error as error:
            raise Unusable("it is no database that can be opened", file) from error

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
                    {"folder": str(export_folder.path())},
                )
                connection.execute("set global enable_external_access = false")
                connection.execute("set global lock_configuration = true")
            connection.execute(QUERIES["opening"].sql)
        except duckdb.Error:
            connection.close()
            raise
        return connection

    def _connect_two(self, a: Path, b: Path) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": self._settings.memory_limit,
                "temp_directory": "",
                "threads": str(self._settings.threads),
            },
        )
        try:
            connection.execute(_attaching(a, "a"))
            connection.execute(_attaching(b, "b"))
            connection.execute("use b")
            connection.execute("set global TimeZone = 'UTC'")
            connection.execute("set global enable_external_access = false")
            connection.execute("set global lock_configuration = true")
        except duckdb.Error as error:
            connection.close()
            raise unusable("it cannot be opened") from error
        return connection


def _too_many_bytes(most_bytes: int) -> BadRange:
    return BadRange(
        f"The export has more than {most_bytes:,} bytes, the most for one.",
        "Ask for fewer days at a time.",
    )


def _attaching(file: Path, name: str) -> str:
    """The statement that attaches a file of ours; DuckDB 1.4 binds no path."""
    path = str(file).replace("'", "''")
    return f"attach '{path}' as {name} (read_only)"
