"""Days in the ways of languages: read in the order of the one named, never swapped."""

from datetime import date

import pytest

from ingest.written_days import day_of
from ingest.written_numbers import LOCALES

YEAR_FIRST = ("sv_SE", "hu_HU", "fa_IR", "ja_JP", "ko_KR", "zh_CN")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_day_is_read_in_the_order_of_its_language_and_in_no_other(
    locale: str,
) -> None:
    orders = {"3/14/2026": "month", "14/3/2026": "day", "2026/3/14": "year"}
    own = "month" if locale == "en_US" else "day"
    own = "year" if locale in YEAR_FIRST else own

    read = {order: day_of(text, locale) for text, order in orders.items()}

    assert read == {**dict.fromkeys(orders.values()), own: date(2026, 3, 14)}


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("2026-03-04", None),
        ("2026-03-04", "de_DE"),
        ("04.03.2026", "de-DE"),
        ("2026. 03. 04.", "hu_HU"),
        ("٤‏/٣‏/٢٠٢٦", "ar_EG"),
    ],
    ids=["plain", "plain in German", "German", "Hungarian", "Arabic"],
)
def test_a_day_is_read_with_the_marks_of_its_language(
    text: str, locale: str | None
) -> None:
    assert day_of(text, locale) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("04.03.2026", None),
        ("01.03.2026 - 07.03.2026", "de_DE"),
        ("1 foo 3 bar 2026", "de_DE"),
        ("04.03.26", "de_DE"),
        ("04.03.202", "de_DE"),
        ("31.02.2026", "de_DE"),
        ("1/3/2569", "th_TH"),
        ("", "de_DE"),
    ],
    ids=["no language", "range", "words", "2", "3", "no day", "calendar", "empty"],
)
def test_what_is_no_day_is_none(text: str, locale: str | None) -> None:
    assert day_of(text, locale) is None
