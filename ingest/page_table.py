"""The rows of a reading's pages as table `page` of a DuckDB connection: typed, checked,
each once. What raw could not keep exactly as Meta sent it is refused by name here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from ingest import tables
from ingest.errors import WindowUnusable
from ingest.fields import Breakdown, Level
from ingest.windows import DateWindow

# What a decimal string of Meta may look like so that decimal(18,4) keeps every digit.
_MONEY_TEXT = r"-?[0-9]{1,14}([.][0-9]{1,4})?"
_COUNT_TEXT = r"-?[0-9]{1,18}"
# In a list of actions: a value that is anything but the text of a decimal number, or
# two of them. The build casts all at once: one would stop it for every account.
_NO_VALUE = (
    '"value":([^"]|"([^0-9-]|-[^0-9]|-?([0-9]{15}|[0-9]+([^0-9."]|[.]([^0-9]|[0-9]+'
    '[^0-9"]))))|[^{}]*"value":)'
)

_INSIGHT_IDS = ("account_id", "campaign_id", "adset_id", "ad_id")
_INSIGHT_COUNTS = ("impressions", "clicks", "inline_link_clicks", "reach")
_OBJECT_IDS = ("account_id", "id", "campaign_id", "adset_id")
_OBJECT_COUNTS = ("daily_budget", "lifetime_budget")
_OBJECT_MOMENTS = (
    "created_time",
    "updated_time",
    "start_time",
    "stop_time",
    "end_time",
)


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


def read_insights(
    connection: duckdb.DuckDBPyConnection,
    pages: list[Path],
    account_id: str,
    level: Level,
    breakdown: Breakdown,
    window: DateWindow,
) -> dict[date, DayContent]:
    """Table `page`: insight rows, days as text; what each day with rows holds.

    Raises:
        WindowUnusable: the pages hold something that raw could not keep exactly.
        duckdb.Error: a page is no JSON array of objects.
    """
    what = f"{level} insights by {breakdown} of account {account_id}, {window}"
    asked = [name for name in tables.INSIGHT_SCHEMA.names if name != "breakdown"]
    bare = {*_INSIGHT_IDS, *_INSIGHT_COUNTS, "date_start", "date_stop"}
    _read(connection, pages, asked, bare, tables.INSIGHT_JSON_COLUMNS, "date_stop")
    key = [f"{level}_id", "date_start", *(["country"] if breakdown != "none" else [])]
    _refuse(
        connection,
        what,
        {
            "rows without their key": _any(f"{name} is null" for name in key),
            "rows of another account": "account_id is distinct from $account_id",
            "days that were not asked for": (
                "date_start is not null "
                "and not list_contains($days::varchar[], date_start)"
            ),
            "rows of more than one day": "date_stop <> date_start",
            "an id that is not made of digits": _unlike("[0-9]+", _INSIGHT_IDS),
            "an amount that is no decimal of at most 4 places": _unlike(
                _MONEY_TEXT, ["spend"]
            ),
            "a count that is no whole number": _unlike(_COUNT_TEXT, _INSIGHT_COUNTS),
            "an action whose value is no number": _any(
                f"regexp_matches({name}, '{_NO_VALUE}')"
                for name in tables.INSIGHT_JSON_COLUMNS
            ),
        },
        {
            "account_id": account_id,
            "days": [str(day) for day in window.days()],
        },
    )
    names = (name for name in tables.INSIGHT_KEY if name != "breakdown")
    _drop_repeats(connection, what, ", ".join(names))
    return _day_contents(connection)


def read_objects(
    connection: duckdb.DuckDBPyConnection,
    pages: list[Path],
    account_id: str,
    what: str,
) -> None:
    """Table `page`: objects as text, with a hash of each.

    Raises:
        WindowUnusable: the pages hold something that raw could not keep exactly.
        duckdb.Error: a page is no JSON array of objects.
    """
    ours = ("content_hash", "is_present", "requested_at")
    asked = [name for name in tables.OBJECT_SCHEMA.names if name not in ours]
    bare = {*_OBJECT_IDS, *_OBJECT_COUNTS}
    _read(connection, pages, asked, bare, tables.OBJECT_JSON_COLUMNS)
    _refuse(
        connection,
        what,
        {
            "rows without an id or of another account": (
                "id is null or account_id is distinct from $account_id"
            ),
            "an id that is not made of digits": _unlike("[0-9]+", _OBJECT_IDS),
            "a budget that is no whole number": _unlike(_COUNT_TEXT, _OBJECT_COUNTS),
            "a time that is none": _any(
                f"({name} is not null and try_cast({name} as timestamptz) is null)"
                for name in _OBJECT_MOMENTS
            ),
        },
        {"account_id": account_id},
    )
    _drop_repeats(connection, what, "id")


def _read(
    connection: duckdb.DuckDBPyConnection,
    pages: list[Path],
    names: list[str],
    bare: set[str],
    lists: tuple[str, ...],
    *unhashed: str,
) -> None:
    """Table `page`: the named fields as text, `row_hash` over them, `is_malformed`.

    A whole number may come `bare` or as a string: its digits stay, and a pattern asks
    for digits later. Any other text is read as JSON and must be a string there, since
    the reader would round a bare 1.10 and write an object out as its text.
    """
    asked = (*names, *unhashed)
    texts = [name for name in asked if name not in {*bare, *lists}]
    declared = ", ".join(
        f"{name}: '{'VARCHAR' if name in bare else 'JSON'}'" for name in asked
    )
    read = ", ".join(
        f"{name} ->> '$' as {name}" if name in texts else f"{name}::varchar as {name}"
        for name in asked
    )
    malformed = _any(
        [
            *(f"left({name}::varchar, 1) <> '\"'" for name in texts),
            *(f"regexp_matches({name}::varchar, '^([^[]|.[^]{{])')" for name in lists),
        ]
    )
    hashed = ", ".join(f"coalesce({name}, chr(30))" for name in names)
    connection.execute(
        "create or replace temp table page as "
        f"select *, md5(concat_ws(chr(31), {hashed})) as row_hash from ("
        f"select {read}, coalesce({malformed}, false) as is_malformed "
        "from read_json($pages, format = 'array', hive_partitioning = false, "
        f"columns = {{{declared}}}))",
        {"pages": [str(path) for path in pages]},
    )


def _refuse(
    connection: duckdb.DuckDBPyConnection,
    what: str,
    wrong: dict[str, str],
    given: dict[str, object],
) -> None:
    wrong = {
        **wrong,
        "a value that is no text, or no list, as it should": "is_malformed",
    }
    counts = ", ".join(f"count(*) filter ({test})" for test in wrong.values())
    found = connection.execute(f"select {counts} from page", given).fetchall()[0]
    named = [
        f"{count} x {name}" for name, count in zip(wrong, found, strict=True) if count
    ]
    if named:
        raise WindowUnusable(
            f"Meta's answer for {what} holds {', '.join(named)}.",
            "Nothing of it was stored; it is read again in the next run.",
            code="SPOOL-ROWS",
        )


def _drop_repeats(connection: duckdb.DuckDBPyConnection, what: str, key: str) -> None:
    """A row repeated across pages counts once; two versions of one are refused."""
    rows, contents, distinct = connection.execute(
        "select count(*), count(distinct row_hash), "
        f"(select count(*) from (select distinct {key} from page)) from page"
    ).fetchall()[0]
    if contents != distinct:
        raise WindowUnusable(
            f"Meta's answer for {what} changed while its pages were read.",
            "It is read again in the next run.",
            code="SPOOL-MOVED",
        )
    if rows != distinct:
        connection.execute(
            "create or replace temp table page as "
            "select distinct on (row_hash) * from page"
        )


def _day_contents(connection: duckdb.DuckDBPyConnection) -> dict[date, DayContent]:
    rows: Iterable[tuple[date, int, Decimal, int, int, str | None]] = (
        connection.execute(
            "select date_start::date, count(*), "
            "coalesce(sum(cast(spend as decimal(18, 4))), 0), "
            "coalesce(sum(cast(impressions as bigint)), 0)::bigint, "
            "coalesce(sum(cast(clicks as bigint)), 0)::bigint, "
            "md5(string_agg(row_hash, '' order by row_hash)) "
            "from page group by date_start"
        ).fetchall()
    )
    return {row[0]: DayContent(*row[1:]) for row in rows}


def _any(tests: Iterable[str]) -> str:
    return f"({' or '.join(tests)})"


def _unlike(pattern: str, names: Iterable[str]) -> str:
    return _any(f"not regexp_full_match({name}, '{pattern}')" for name in names)
