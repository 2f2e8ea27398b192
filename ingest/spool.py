"""What was read, whole windows only, in a DuckDB file beside the warehouse.

The bytes of a page go to disk and from there to typed columns in C; no row becomes a
Python object. A window that cannot be stored exactly as Meta sent it is refused here,
before anything of it reaches a load.
"""

import functools
import itertools
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import duckdb
import pyarrow as pa

from ingest import tables
from ingest.errors import WindowUnusable
from ingest.fields import Breakdown, Level, ObjectType
from ingest.windows import DateWindow

ARROW_BATCH_ROWS = 25_000

Given = ParamSpec("Given")
Result = TypeVar("Result")

# What a decimal string of Meta may look like so that decimal(18,4) keeps every digit.
_MONEY_TEXT = r"-?[0-9]{1,14}([.][0-9]{1,4})?"
_COUNT_TEXT = r"-?[0-9]{1,18}"


@dataclass(frozen=True)
class DayContent:
    """What one day of a reading holds, in the account's currency.

    Attributes:
        content_hash: over the set of rows, whatever their order; None without rows.
    """

    row_count: int = 0
    spend: Decimal = Decimal(0)
    impressions: int = 0
    clicks: int = 0
    content_hash: str | None = None


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
        self._connection = duckdb.connect(str(folder / "spool.duckdb"))
        self._connection.execute(
            "set TimeZone = 'UTC'; set enable_progress_bar = false"
        )
        for table, schema in tables.META_TABLES.items():
            empty = schema.empty_table()
            self._connection.register("empty", empty)
            self._connection.execute(f"create table {table} as select * from empty")
            self._connection.unregister("empty")
        self._files = itertools.count(1)
        self.turn = threading.Lock()

    def close(self) -> None:
        """Close the file and remove the folder."""
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write_page(self, rows: bytes) -> Path:
        """Keep the `data` array of one page; the file that holds it."""
        path = self._folder / f"page_{next(self._files)}.json"
        path.write_bytes(rows)
        return path

    @_one_at_a_time
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
        """
        what = f"{level} insights by {breakdown} of account {account_id}, {window}"
        columns = dict.fromkeys(tables.INSIGHT_SCHEMA.names, "VARCHAR")
        columns |= dict.fromkeys(tables.INSIGHT_JSON_COLUMNS, "JSON")
        columns.pop("breakdown")
        columns["date_start"] = "DATE"
        self._read_pages(pages, columns, what)
        self._refuse_unusable(account_id, level, breakdown, window, what)
        self._drop_repeats(what)
        contents = {day: DayContent() for day in window.days()} | self._day_contents()
        kept = [day for day, content in contents.items() if keep(day, content)]
        self._connection.execute(
            f"insert into {tables.INSIGHT_TABLES[level]} by name "
            "select * exclude (row_hash), $breakdown as breakdown from page "
            "where date_start in (select unnest($kept))",
            {"kept": kept, "breakdown": breakdown},
        )
        return contents

    @_one_at_a_time
    def add_objects(
        self,
        account_id: str,
        object_type: ObjectType,
        pages: list[Path],
        requested_at: datetime,
        known: pa.Table,
        is_whole: bool,
    ) -> list[str]:
        """The ids of objects that are new or changed; their versions are kept.

        A whole listing also keeps a version of each known object that it no longer
        names, the last one again with `is_present` false.

        Args:
            known: the newest version of each known object of this account and type,
                as `tables.OBJECT_SCHEMA`.
        """
        what = f"{object_type}s of account {account_id}"
        asked = [
            name
            for name in tables.OBJECT_SCHEMA.names
            if name not in ("content_hash", "is_present", "requested_at")
        ]
        columns = dict.fromkeys(asked, "VARCHAR")
        columns |= dict.fromkeys(tables.OBJECT_JSON_COLUMNS, "JSON")
        self._read_pages(pages, columns, what)
        self._drop_repeats(what)
        foreign = self._connection.execute(
            "select count(*) from page where id is null "
            "or account_id is distinct from $account_id",
            {"account_id": account_id},
        ).fetchall()
        if foreign[0][0]:
            raise WindowUnusable(f"Rows without an id or of another account in {what}.")
        self._connection.register("known", known)
        self._connection.execute(
            "create or replace temp table version as "
            "select page.* exclude (row_hash), page.row_hash as content_hash, "
            "true as is_present, $requested_at::timestamptz as requested_at "
            "from page left join known on known.id = page.id "
            "where known.content_hash is distinct from page.row_hash "
            "or not known.is_present",
            {"requested_at": requested_at},
        )
        changed = self._connection.execute("select id from version").fetchall()
        if is_whole:
            self._connection.execute(
                "insert into version by name "
                "select known.* replace (false as is_present, "
                "$requested_at::timestamptz as requested_at) from known "
                "where known.is_present and known.id not in (select id from page)",
                {"requested_at": requested_at},
            )
        self._connection.execute(
            f"insert into {tables.OBJECT_TABLES[object_type]} by name "
            "select * from version"
        )
        self._connection.unregister("known")
        return [row[0] for row in changed]

    @_one_at_a_time
    def add_rows(self, table: str, rows: list[dict[str, object]]) -> None:
        """Keep small tables' rows: stores, accounts, receipts."""
        if not rows:
            return
        batch = pa.Table.from_pylist(rows, schema=tables.META_TABLES[table])
        self._connection.register("batch", batch)
        self._connection.execute(f"insert into {table} by name select * from batch")
        self._connection.unregister("batch")

    @_one_at_a_time
    def row_count(self, table: str) -> int:
        """How many rows of a raw table wait to be loaded."""
        query = f"select count(*) from {table}"
        return int(self._connection.execute(query).fetchall()[0][0])

    def batches(self, table: str) -> Iterator[pa.Table]:
        """The rows of a raw table as Arrow, after an empty table with its columns.

        Each call reads through a connection of its own, since dlt interleaves tables.
        """
        yield tables.META_TABLES[table].empty_table()
        with self._connection.cursor() as connection:
            reader = connection.sql(f"select * from {table}").to_arrow_reader(
                ARROW_BATCH_ROWS
            )
            for batch in reader:
                yield pa.Table.from_batches([batch]).cast(tables.META_TABLES[table])

    def _read_pages(
        self, pages: list[Path], columns: dict[str, str], what: str
    ) -> None:
        """Table `page`: the rows of the pages as text, with a hash of each."""
        declared = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        texts = ", ".join(
            name if kind != "JSON" else f"cast({name} as varchar) as {name}"
            for name, kind in columns.items()
        )
        parts = ", ".join(
            f"coalesce(cast({name} as varchar), chr(30))" for name in columns
        )
        try:
            self._connection.execute(
                "create or replace temp table page as "
                f"select {texts}, md5(concat_ws(chr(31), {parts})) as row_hash "
                f"from read_json($pages, format = 'array', columns = {{{declared}}})",
                {"pages": [str(path) for path in pages]},
            )
        except duckdb.Error as problem:
            raise WindowUnusable(
                f"Meta's answer for {what} is not the JSON it should be ({problem}).",
                "The window is read again in the next run.",
            ) from problem
        finally:
            for path in pages:
                path.unlink()

    def _refuse_unusable(
        self,
        account_id: str,
        level: Level,
        breakdown: Breakdown,
        window: DateWindow,
        what: str,
    ) -> None:
        key = {"country": "country"}.get(breakdown)
        missing = [f"{level}_id is null", f"{key} is null" if key else "false"]
        wrong = {
            "rows without their key": " or ".join([*missing, "date_start is null"]),
            "rows of another account": f"account_id is distinct from '{account_id}'",
            "days that were not asked for": (
                f"date_start not between '{window.since}' and '{window.until}'"
            ),
            "an amount that is no decimal of at most 4 places": (
                f"not regexp_full_match(spend, '{_MONEY_TEXT}')"
            ),
            "a count that is no whole number": " or ".join(
                f"not regexp_full_match({name}, '{_COUNT_TEXT}')"
                for name in ("impressions", "clicks", "inline_link_clicks", "reach")
            ),
        }
        counts = ", ".join(f"count(*) filter ({test})" for test in wrong.values())
        found = self._connection.execute(f"select {counts} from page").fetchall()[0]
        named = [
            f"{count} x {name}"
            for name, count in zip(wrong, found, strict=True)
            if count
        ]
        if named:
            raise WindowUnusable(
                f"Meta's answer for {what} holds {', '.join(named)}.",
                "Nothing of it was stored; the window is read again in the next run.",
                code="SPOOL-ROWS",
            )

    def _drop_repeats(self, what: str) -> None:
        """A row repeated across pages counts once; two versions of one are refused."""
        names = {row[0] for row in self._connection.execute("describe page").fetchall()}
        key = [name for name in (*tables.INSIGHT_KEY, "id") if name in names]
        keys = "id" if "id" in names else ", ".join(key)
        rows, contents, distinct = self._connection.execute(
            "select count(*), count(distinct row_hash), "
            f"(select count(*) from (select distinct {keys} from page)) from page"
        ).fetchall()[0]
        if contents != distinct:
            raise WindowUnusable(
                f"Meta's answer for {what} changed while its pages were read.",
                "The window is read again in the next run.",
                code="SPOOL-MOVED",
            )
        if rows != distinct:
            self._connection.execute(
                "create or replace temp table page as "
                "select distinct on (row_hash) * from page"
            )

    def _day_contents(self) -> dict[date, DayContent]:
        rows: Iterable[tuple[date, int, Decimal, int, int, str | None]] = (
            self._connection.execute(
                "select date_start, count(*), "
                "coalesce(sum(cast(spend as decimal(18, 4))), 0), "
                "coalesce(sum(cast(impressions as bigint)), 0)::bigint, "
                "coalesce(sum(cast(clicks as bigint)), 0)::bigint, "
                "md5(string_agg(row_hash, '' order by row_hash)) "
                "from page group by date_start"
            ).fetchall()
        )
        return {row[0]: DayContent(*row[1:]) for row in rows}
