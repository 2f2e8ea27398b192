"""Reading the published snapshots. All DuckDB is here.

A snapshot is immutable. It is opened read-only, without access to files, settings
locked; `shelf` knows which one is current and whole. The SQL is in `queries/`, loaded
once; values are bound, never written into it.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from api.errors import SnapshotUnusable, TooLarge, TooSlow
from api.published import Unusable
from api.settings import Settings
from api.shelf import Shelf, Source, unusable

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


class Reader:
    """One request's view of one snapshot."""

    def __init__(
        self,
        source: Source,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
    ) -> None:
        self.source = source
        self.snapshot_id = source.snapshot_id
        self.published_at = source.published_at
        self.warnings = source.warnings
        self._cursor = cursor
        self._seconds = seconds
        self._is_late = threading.Event()
        self._is_done = threading.Event()

    def rows(self, query: str, values: Mapping[str, object]) -> list[Row]:
        """The rows of a query by its name, each a dictionary of its columns.

        Raises:
            TooSlow: the request's queries took longer than allowed.
            TooLarge: they took more memory than allowed.
            SnapshotUnusable: the database failed to read the snapshot.
        """
        asked = QUERIES[query]
        if self._is_late.is_set():
            raise self._too_slow()
        try:
            self._cursor.execute(
                asked.sql, {name: values[name] for name in asked.parameters}
            )
            columns = [column[0] for column in self._cursor.description or ()]
            return [
                dict(zip(columns, row, strict=True)) for row in self._cursor.fetchall()
            ]
        except duckdb.InterruptException as error:
            raise self._too_slow() from error
        except duckdb.OutOfMemoryException as error:
            raise TooLarge(
                "The answer would need more memory than a request may use.",
                "Ask for fewer days.",
            ) from error
        except UNREADABLE as error:
            raise unusable("its file changed while it was read") from error
        except OF_ANOTHER_RELEASE as error:
            raise unusable("another release built it") from error

    def _too_slow(self) -> TooSlow:
        return TooSlow(
            f"The answer took longer than {self._seconds:g} s.",
            "Ask for fewer days, or again later.",
        )

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        watch = threading.Thread(target=self._interrupt_when_late, daemon=True)
        watch.start()
        try:
            yield
        finally:
            self._is_done.set()
            watch.join()

    def _interrupt_when_late(self) -> None:
        if self._is_done.wait(self._seconds):
            return
        self._is_late.set()
        # An interrupt that comes between two statements is lost: repeat it.
        while not self._is_done.wait(0.05):
            self._cursor.interrupt()


class ReaderOfTwo(Reader):
    """One request's view of two snapshots: catalogs `a` and `b` of one database.

    Both are always there; where they are one snapshot it is there twice. Nothing is
    found without its catalog's name. What this reader says of itself, it says of `b`.
    """

    def __init__(
        self,
        a: Source,
        b: Source,
        cursor: duckdb.DuckDBPyConnection,
        seconds: float,
    ) -> None:
        super().__init__(b, cursor, seconds)
        self.a = a
        self.b = b


class Snapshots:
    """The published snapshots of a data folder, for many requests at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shelf = Shelf(settings.data_dir, settings.poll_seconds, self._open)

    @contextmanager
    def reading(self, as_of: datetime | None = None) -> Iterator[Reader]:
        """A reader of the current snapshot, or of what was published at a moment.

        It stays with it until it is left.

        Raises:
            NoData: nothing was published yet.
            SnapshotUnusable: what was published cannot be opened.
            AsOfGone: nothing of that moment or before is there any more.
        """
        with (
            self._doubted_on_failure(),
            self._shelf.held(as_of) as (opened, source),
            opened.connection.cursor() as cursor,
        ):
            reader = Reader(source, cursor, self._settings.query_seconds)
            with reader._time_limit():
                yield reader

    @contextmanager
    def reading_two(
        self, a: datetime | None = None, b: datetime | None = None
    ) -> Iterator[ReaderOfTwo]:
        """A reader of two snapshots at once, each by its moment; None is the current.

        Raises: as `reading`.
        """
        with (
            self._doubted_on_failure(),
            self._shelf.held(a) as (first, source_a),
            self._shelf.held(b) as (second, source_b),
            self._connect_two(
                first.published.file, second.published.file
            ) as connection,
        ):
            seconds = self._settings.query_seconds
            reader = ReaderOfTwo(source_a, source_b, connection, seconds)
            with reader._time_limit():
                yield reader

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
                "enable_external_access": "false",
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
            connection.execute("set global TimeZone = 'UTC'")
            connection.execute("set global enable_external_access = false")
            connection.execute("set global lock_configuration = true")
        except duckdb.Error as error:
            connection.close()
            raise unusable("it cannot be opened") from error
        return connection


def _attaching(file: Path, name: str) -> str:
    """The statement that attaches a file of ours; DuckDB 1.4 binds no path."""
    path = str(file).replace("'", "''")
    return f"attach '{path}' as {name} (read_only)"
