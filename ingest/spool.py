"""What was read, whole windows only, in files beside the warehouse.

The bytes of a page go to disk and from there to typed columns in C; no row becomes a
Python object. A window that cannot be stored exactly as Meta sent it is refused here,
before anything of it reaches a load. Memory is bounded by the window being read: what
was read before waits in files.
"""

import functools
import itertools
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingest import page_table, tables
from ingest.errors import TooMuchData, WindowUnusable
from ingest.failpoints import reached
from ingest.fields import Breakdown, Level, ObjectType
from ingest.page_table import DayContent
from ingest.windows import DateWindow

__all__ = ["DayContent", "Spool"]

# A batch of Arrow, and with it a row group of dlt's files: whichever is less.
BATCH_ROWS, BATCH_BYTES = 25_000, 2**25
# Of DuckDB, while it reads one window; what does not fit goes to disk.
MEMORY_LIMIT = "300MB"

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass
class _Part:
    """Rows that wait to be loaded, in a file of Arrow batches.

    Attributes:
        window: account and breakdown, of insights.
        days: rows of each day that is to be loaded, of insights.
        is_cut: the file holds days that were dropped since.
    """

    path: Path
    rows: int
    window: tuple[str, Breakdown] | None = None
    days: dict[date, int] = field(default_factory=dict)
    is_cut: bool = False


@dataclass(frozen=True)
class _Page:
    """What is known of a page's file without opening it, which would cost a turn."""

    size: int
    is_array: bool


def _one_at_a_time(
    method: Callable[Concatenate["Spool", Given], Result],
) -> Callable[Concatenate["Spool", Given], Result]:
    @functools.wraps(method)
    def in_turn(spool: "Spool", /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        with spool.turn:
            return method(spool, *args, **kwargs)

    return in_turn


class Spool:
    """The spool of one run. Start one with an empty folder, close it after the load.

    Accounts are read side by side; what they read goes in one at a time.
    """

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        # Arrow's own pool keeps what it once took; 100 MB of a large load.
        pa.set_memory_pool(pa.system_memory_pool())
        self._connection = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(folder / "spilled"),
            }
        )
        self._connection.execute(
            "set TimeZone = 'UTC'; set enable_progress_bar = false"
        )
        self._parts: dict[str, list[_Part]] = {name: [] for name in tables.META_TABLES}
        self._small: dict[str, list[pa.Table]] = {
            name: [] for name in tables.META_TABLES
        }
        # A worker of an earlier run that hung may yet write a page into this folder.
        self._run = uuid.uuid4().hex[:8]
        self._pages: dict[Path, _Page] = {}
        self._files = itertools.count(1)
        self.turn = threading.Lock()

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write_page(self, rows: bytes) -> Path:
        """Keep the `data` array of one page; the file that holds it.

        Several threads may write at once.
        """
        path = self._folder / f"page_{self._run}_{next(self._files)}.json"
        path.write_bytes(rows)
        self._pages[path] = _Page(len(rows), rows.startswith(b"["))
        reached("sync.page_written")
        return path

    def discard(self, pages: Iterable[Path]) -> None:
        """Remove pages of which nothing more is to be made."""
        for path in pages:
            self._pages.pop(path, None)
            path.unlink(missing_ok=True)

    def add_insights(
        self,
        account_id: str,
        level: Level,
        breakdown: Breakdown,
        window: DateWindow,
        pages: list[Path],
        keep: Callable[[date, DayContent], bool],
    ) -> dict[date, DayContent]:
        """What was read of each day of the window; days without rows included.

        Args:
            keep: whether the rows of a day are to be loaded; those of a day that
                reads as it did before are not stored again.

        Raises:
            WindowUnusable: the pages hold something that raw could not keep exactly.
            TooMuchData: the window does not fit into memory.
        """
        what = f"{level} insights by {breakdown} of account {account_id}, {window}"
        size = sum(self._pages[page].size for page in pages)
        with self._reading(pages, what):
            found = page_table.read_insights(
                self._connection, pages, account_id, level, breakdown, window
            )
            contents = {day: DayContent() for day in window.days()} | found
            kept = {
                day: content.row_count
                for day, content in contents.items()
                if keep(day, content) and content.row_count
            }
            if kept:
                read = {"breakdown": f"'{breakdown}'", "date_start": "date_start::date"}
                columns = ", ".join(
                    f"{read.get(name, name)} as {name}"
                    for name in tables.INSIGHT_SCHEMA.names
                )
                part = self._store(
                    tables.INSIGHT_TABLES[level],
                    f"select {columns} from page where "
                    "list_contains($kept::varchar[], date_start)",
                    {"kept": [str(day) for day in kept]},
                    size // sum(content.row_count for content in found.values()),
                )
                part.window, part.days = (account_id, breakdown), kept
        reached("sync.window_spooled")
        return contents

    @_one_at_a_time
    def drop_insights(
        self, account_id: str, level: Level, breakdown: Breakdown, days: Iterable[date]
    ) -> None:
        """Forget the rows of these days: another reading of them takes their place."""
        for part in self._parts[tables.INSIGHT_TABLES[level]]:
            if part.window == (account_id, breakdown):
                dropped = [part.days.pop(day) for day in days if day in part.days]
                part.rows -= sum(dropped)
                part.is_cut = part.is_cut or bool(dropped)

    def add_objects(
        self,
        account_id: str,
        object_type: ObjectType,
        pages: list[Path],
        requested_at: datetime,
        known: pa.Table,
        is_whole: bool,
        believe_loss: Callable[[int, list[str]], bool] = lambda *_: True,
    ) -> list[str]:
        """The ids of objects that are new or changed; their versions are kept.

        A whole listing also keeps a version of each known object that it no longer
        names, the last one again with `is_present` false.

        Args:
            known: the newest version of each known object of this account and type,
                as `tables.OBJECT_SCHEMA`.
            believe_loss: whether so many present objects may have lost those with
                these ids, sorted; when not, no object is marked as gone.

        Raises:
            WindowUnusable: the pages hold something that raw could not keep exactly.
            TooMuchData: the listing does not fit into memory.
        """
        what = f"{object_type}s of account {account_id}"
        given = {"requested_at": requested_at}
        with self._reading(pages, what):
            page_table.read_objects(self._connection, pages, account_id, what)
            self._connection.register("known", known)
            self._connection.execute(
                "create or replace temp table version as "
                "select page.* exclude (row_hash, is_malformed), "
                "page.row_hash as content_hash, true as is_present, "
                "$requested_at::timestamptz as requested_at "
                "from page left join known on known.id = page.id "
                "where known.content_hash is distinct from page.row_hash "
                "or not known.is_present",
                given,
            )
            changed = self._connection.execute("select id from version").fetchall()
            if is_whole and believe_loss(*self._present_and_lost()):
                self._connection.execute(
                    "insert into version by name "
                    "select known.* replace (false as is_present, "
                    "$requested_at::timestamptz as requested_at) from known "
                    "where known.is_present and known.id not in (select id from page)",
                    given,
                )
            self._connection.unregister("known")
            self._store(
                tables.OBJECT_TABLES[object_type],
                f"select {', '.join(tables.OBJECT_SCHEMA.names)} from version",
                {},
            )
        return [row[0] for row in changed]

    def _present_and_lost(self) -> tuple[int, list[str]]:
        """How many objects were present, and the ids of those that `page` lacks."""
        counted = self._connection.execute(
            "select count(*), coalesce(list(id order by id) "
            "filter (id not in (select id from page)), []) from known where is_present"
        ).fetchall()
        present, lost = counted[0]
        return present, lost

    @_one_at_a_time
    def add_rows(self, table: str, rows: list[dict[str, object]]) -> None:
        """Keep small tables' rows: stores, accounts, receipts."""
        if rows:
            batch = pa.Table.from_pylist(rows, schema=tables.META_TABLES[table])
            self._small[table].append(batch)

    @_one_at_a_time
    def row_count(self, table: str) -> int:
        """How many rows of a raw table wait to be loaded."""
        small = sum(int(batch.num_rows) for batch in self._small[table])
        return small + sum(part.rows for part in self._parts[table])

    def batches(self, table: str) -> Iterator[pa.Table]:
        """The rows of a raw table as Arrow, after an empty table with its columns.

        Tables may be read in turns, as dlt does.
        """
        yield tables.META_TABLES[table].empty_table()
        if self._small[table]:
            yield pa.concat_tables(self._small[table])
        for part in self._parts[table]:
            if not part.rows:
                continue
            with pa.OSFile(str(part.path)) as file, pa.ipc.open_stream(file) as reader:
                for batch in reader:
                    rows = pa.Table.from_batches([batch])
                    if part.is_cut:
                        days = pa.array(part.days, pa.date32())
                        rows = rows.filter(pc.is_in(rows["date_start"], days))
                    if rows.num_rows:
                        yield rows

    def _store(
        self, table: str, query: str, given: dict[str, object], row_bytes: int = 1
    ) -> _Part:
        """Keep the rows of a query, in a file that the table's load will read.

        Args:
            row_bytes: about how long a row is.
        """
        batch_rows = max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, row_bytes)))
        schema = tables.META_TABLES[table]
        part = _Part(self._folder / f"rows_{self._run}_{next(self._files)}.arrow", 0)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        found: pa.RecordBatchReader = self._connection.sql(
            query, params=given
        ).to_arrow_reader(batch_rows)
        try:
            with (
                pa.OSFile(str(part.path), "wb") as file,
                pa.ipc.new_stream(file, schema, options=options) as writer,
            ):
                for batch in found:
                    writer.write_batch(batch.cast(schema))
                    part.rows += batch.num_rows
        except BaseException:
            part.path.unlink(missing_ok=True)
            raise
        finally:
            found.close()
        self._parts[table].append(part)
        return part

    @contextmanager
    def _reading(self, pages: list[Path], what: str) -> Iterator[None]:
        """In turn: say in our words what DuckDB could not do; then the pages go."""
        try:
            with self.turn, self._in_our_words(what):
                if not all(self._pages[page].is_array for page in pages):
                    raise duckdb.InvalidInputException("a page that is no JSON array")
                yield
        finally:
            # Not while others wait for their turn.
            self.discard(pages)

    @contextmanager
    def _in_our_words(self, what: str) -> Iterator[None]:
        try:
            yield
        except duckdb.OutOfMemoryException as problem:
            raise TooMuchData(
                f"Meta's answer for {what} does not fit into memory ({problem}).",
                "Ask for fewer days.",
                code="SPOOL-MEMORY",
            ) from problem
        except duckdb.IOException as problem:
            raise OSError(f"Reading {what} failed on disk: {problem}") from problem
        except duckdb.Error as problem:
            raise WindowUnusable(
                f"Meta's answer for {what} is not the JSON it should be ({problem}).",
                "It is read again in the next run.",
            ) from problem
        finally:
            self._connection.execute("drop table if exists page")
            self._connection.execute("drop table if exists version")
