"""What the cells of an Ads Manager export say: numbers, days and countries.

What can be read in two ways is not read, but refused by file, row and column.
"""

import functools
import re
from datetime import date
from decimal import Decimal

from ingest.ads_manager_columns import AMOUNTS, COUNTS, NUMBERS, folded
from ingest.ads_manager_file import AS_CSV
from ingest.ads_manager_sheet import Cells, Sheet
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


def numbers_in(sheet: Sheet, locale: str | None) -> dict[str, Decimal]:
    """The number of each plain text in a column of numbers.

    Raises:
        ExportUnusable: one cannot be read.
    """
    texts: dict[str, bool] = {}
    first: dict[str, tuple[int, str]] = {}
    # Of a sum only the amounts are asked for.
    asked: list[tuple[int, Cells, tuple[str, ...]]]
    asked = [(*each, NUMBERS) for each in sheet.rows]
    asked += [(*each, AMOUNTS) for each in sheet.sums]
    for row, cells, names in asked:
        for name in names:
            text = plain(cells.get(name, ""))
            if text not in NOTHING:
                texts[text] = texts.get(text, False) or name in COUNTS
                first.setdefault(text, (row, name))
    try:
        numbers = numbers_of(texts, _formats(locale))
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


def _formats(locale: str | None) -> dict[NumberFormat, str]:
    try:
        return formats_of(locale)
    except UnknownLocale as error:
        raise ExportUnusable(
            f"There is no locale `{locale}`.", "Write it as de_DE or pt_BR."
        ) from error


def days_in(sheet: Sheet, locale: str | None) -> dict[str, dict[int, date]]:
    """Days by column and row; rows of one day each have a `day`.

    Raises:
        ExportUnusable: one cannot be read.
    """
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


def country_in(sheet: Sheet, row: int, cells: Cells, locale: str | None) -> str | None:
    """The ISO code of a row's country, or `unknown`; None without such a column.

    Raises:
        ExportUnusable: there is none, or it is not known.
    """
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
