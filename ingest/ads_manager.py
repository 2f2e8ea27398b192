"""An Ads Manager export: a CSV of any of its languages, read into plain rows.

Nothing is guessed: a column that is not known by its header is named by the user, and
what cannot be read, or in two ways, is refused by file, row and column. It is for
`api.explain.exported`, which takes the same fields and knows no files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest.ads_manager_cells import country_in, days_in, numbers_in
from ingest.ads_manager_columns import AMOUNTS, NUMBERS
from ingest.ads_manager_sheet import NO_SUM, WITH_IDS, Sheet, read_sheet
from ingest.errors import ExportUnusable
from ingest.written_numbers import plain

KEY = ("campaign_id", "day", "country")


@dataclass(frozen=True)
class Export:
    """What an export holds.

    Attributes:
        currency: of its money; None where it names none.
        since: the first day it was made for, `until` the last, included.
        columns: which it has, by our names; without `day` a row is of all days, without
            `country` of all countries.
        rows: by column, one of a campaign, day and country; numbers as decimal text,
            days as ISO text.
    """

    file: str
    currency: str | None
    since: date
    until: date
    columns: frozenset[str]
    rows: list[dict[str, str | None]]


def read_export(
    path: Path,
    *,
    named: Mapping[str, str],
    locale: str | None,
    since: date | None,
    until: date | None,
) -> Export:
    """The rows of an export.

    Args:
        named: headers of columns by our names, for headers that are not known.
        locale: whose numbers and days they are; None to find out.
        since: the first day it was made for, where its rows do not say, `until` the
            last.

    Raises:
        ExportUnusable: it cannot be read, and why.
    """
    sheet = read_sheet(path, named)
    # Numbers first: they refuse a locale that there is not.
    numbers = numbers_in(sheet, locale)
    days = days_in(sheet, locale)
    first, last = _window(sheet, days, since, until)
    columns = set(sheet.headers) & {"campaign_id", "campaign_name", "country", *NUMBERS}
    if "day" in days:
        columns.add("day")
    rows = {
        row: {
            "campaign_id": cells["campaign_id"],
            "campaign_name": cells.get("campaign_name"),
            "country": country_in(sheet, row, cells, locale),
            "day": days["day"][row].isoformat() if "day" in days else None,
            # Ads Manager leaves empty what is nothing.
            **{
                name: str(numbers.get(plain(cells[name]), Decimal(0)))
                for name in NUMBERS
                if name in cells
            },
        }
        for row, cells in sheet.rows
    }
    _check_repeated(sheet.file, rows)
    if "country" not in columns:
        _check_sums(sheet, numbers)
    return Export(
        file=path.name,
        currency=_currency(sheet),
        since=first,
        until=last,
        columns=frozenset(columns),
        rows=list(rows.values()),
    )


def _check_repeated(file: str, rows: Mapping[int, Mapping[str, str | None]]) -> None:
    """A row of its own is of an ad set, an age or a week, or is a sum of such rows."""
    seen: dict[tuple[str | None, ...], int] = {}
    for number, row in rows.items():
        first = seen.setdefault(tuple(row[name] for name in KEY), number)
        if first != number:
            raise ExportUnusable(
                f"{file}, rows {first} and {number} are of the same campaign, day and "
                "country.",
                "Export campaigns, broken down by day and country alone.",
            )


def _check_sums(sheet: Sheet, numbers: Mapping[str, Decimal]) -> None:
    """By country they are not the rows': what has no country is in none of them."""
    for number, cells in sheet.sums:
        for name in set(AMOUNTS) & set(cells):
            told = numbers.get(plain(cells[name]))
            parts = (numbers.get(plain(row[name]), 0) for _, row in sheet.rows)
            if told is not None and told != sum(parts):
                raise sheet.unusable(number, "campaign_id", NO_SUM, WITH_IDS)


def _window(
    sheet: Sheet,
    days: Mapping[str, Mapping[int, date]],
    since: date | None,
    until: date | None,
) -> tuple[date, date]:
    starts = [*days.get("since", {}).values(), *days.get("day", {}).values()]
    ends = [*days.get("until", {}).values(), *days.get("day", {}).values()]
    if not (since or starts) or not (until or ends):
        raise ExportUnusable(
            f"{sheet.file} does not say which days it is of.",
            "Add --since and --until, the days that it was made for.",
        )
    first, last = since or min(starts), until or max(ends)
    if (starts and min(starts) < first) or (ends and max(ends) > last):
        raise ExportUnusable(
            f"{sheet.file} has days outside of {first} to {last}.",
            "Leave out --since and --until, or export those days alone.",
        )
    return first, last


def _currency(sheet: Sheet) -> str | None:
    told = {cells["currency"].strip() for _, cells in sheet.rows if "currency" in cells}
    told = (told | {sheet.currency or ""}) - {""}
    if len(told) > 1:
        raise ExportUnusable(
            f"{sheet.file} is in several currencies: {', '.join(sorted(told))}.",
            "Export one account at a time.",
        )
    return next(iter(told), None)
