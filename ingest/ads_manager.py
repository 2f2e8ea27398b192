"""An Ads Manager export: a CSV of any of its languages, read into plain rows.

pandas reads every cell as text; what a number or a day is, is decided here, and what
cannot be read is refused by file, row and column. Nothing is guessed: a column that is
not known by its header is named by the user, numbers that can be read in two ways are
not read.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest.ads_manager_columns import COUNTS, NUMBERS, folded
from ingest.ads_manager_sheet import AS_CSV, Cells, Sheet, read_sheet
from ingest.errors import ExportUnusable
from ingest.written_days import day_of
from ingest.written_numbers import (
    LOCALES,
    NOTHING,
    NoNumber,
    NumberFormat,
    UnknownLocale,
    formats_of,
    numbers_of,
    plain,
)

# As amounts are stored: decimal(18, 4).
LARGEST, DECIMALS = 10**14, 4
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
    formats = _formats(locale)
    days = _days(sheet, locale)
    numbers = _numbers(sheet, formats)
    first, last = _window(sheet, days, since, until)
    columns = set(sheet.headers) & {"campaign_id", "campaign_name", "country", *NUMBERS}
    if "day" in days:
        columns.add("day")
    rows = {
        row: {
            "campaign_id": cells["campaign_id"],
            "campaign_name": cells.get("campaign_name"),
            "country": _country(sheet, row, cells, locale),
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


def _formats(locale: str | None) -> dict[NumberFormat, str]:
    try:
        return formats_of(locale)
    except UnknownLocale as error:
        raise ExportUnusable(
            f"There is no locale `{locale}`.", "Write it as de_DE or pt_BR."
        ) from error


def _numbers(sheet: Sheet, formats: Mapping[NumberFormat, str]) -> dict[str, Decimal]:
    """The number of each plain text in a column of numbers."""
    texts: dict[str, bool] = {}
    first: dict[str, tuple[int, str]] = {}
    for row, cells in sheet.rows:
        for name in NUMBERS:
            text = plain(cells.get(name, ""))
            if text not in NOTHING:
                texts[text] = texts.get(text, False) or name in COUNTS
                first.setdefault(text, (row, name))
    try:
        numbers = numbers_of(texts, formats)
    except NoNumber as error:
        hint = (
            "Say in whose way the file's numbers are written, such as --locale de_DE."
        )
        raise sheet.unusable(*first[error.text], str(error), hint) from error
    for text, number in numbers.items():
        if abs(number) >= LARGEST or number != round(number, DECIMALS):
            why = f"`{text}` is no amount or count that fits"
            raise sheet.unusable(*first[text], why, AS_CSV)
    return numbers


def _days(sheet: Sheet, locale: str | None) -> dict[str, dict[int, date]]:
    """Days by column and row; rows of one day each have a `day`."""
    days = {
        name: {
            row: _day(sheet, row, name, cells[name], locale)
            for row, cells in sheet.rows
        }
        for name in ("day", "since", "until")
        if name in sheet.headers
    }
    if "day" not in days and "since" in days and days["since"] == days.get("until"):
        days["day"] = days["since"]
    return days


def _day(sheet: Sheet, row: int, column: str, text: str, locale: str | None) -> date:
    day = day_of(text, locale)
    if day is None:
        hint = "Write days as YYYY-MM-DD, or say in whose way they are: --locale de_DE."
        raise sheet.unusable(row, column, f"`{text}` is no day", hint)
    return day


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


def _country(sheet: Sheet, row: int, cells: Cells, locale: str | None) -> str | None:
    if "country" not in cells:
        return None
    text = cells["country"].strip()
    if not text:
        raise sheet.unusable(
            row,
            "country",
            "it is empty, as in a sum over countries",
            "Leave such rows out; for what has no country write `unknown`.",
        )
    if re.fullmatch(r"[A-Z]{2}", text):
        return text
    if folded(text) == "unknown":
        return "unknown"
    codes = _codes_by_name(locale).get(folded(text), set())
    if len(codes) != 1:
        raise sheet.unusable(
            row,
            "country",
            f"`{text}` is no country known",
            "Write its ISO code, such as DE, or say in whose language it is: --locale.",
        )
    return next(iter(codes))


@functools.cache
def _codes_by_name(locale: str | None) -> dict[str, set[str]]:
    """Countries by their names in a language, or in all of Ads Manager's."""
    from babel import Locale

    found: dict[str, set[str]] = {}
    for name in (locale,) if locale else LOCALES:
        known = Locale.parse(name.replace("-", "_")).territories
        for code, territory in known.items():
            if re.fullmatch(r"[A-Z]{2}", code):
                found.setdefault(folded(territory), set()).add(code)
    return found
