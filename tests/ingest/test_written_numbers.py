"""Numbers in the ways of languages: read when there is one reading, else refused."""

from decimal import Decimal

import pytest

from ingest.written_numbers import (
    LOCALES,
    NoNumber,
    UnknownLocale,
    formats_of,
    numbers_of,
    plain,
)


@pytest.mark.parametrize(
    ("written", "locale"),
    [
        ("1.234,56", "German"),
        ("1 234,56", "French, with a narrow no-break space"),
        ("1 234,56", "Polish, with a no-break space"),
        ("1 234,56", "French, typed"),
        ("1,234.56", "English"),
        ("1’234.56", "Swiss"),
        ("١٬٢٣٤٫٥٦", "Arabic"),
        ("‏1,234.56", "English in an Arabic file, with a mark of direction"),
        ("1234.56", "without groups"),
        ("1234,56", "without groups, with a comma"),
    ],
    ids=lambda value: value if value.isascii() and value[0].isalpha() else None,
)
def test_a_number_is_read_in_the_way_of_its_language(written: str, locale: str) -> None:
    numbers = numbers_of({plain(written): False}, formats_of(None))

    assert list(numbers.values()) == [Decimal("1234.56")]


def test_indian_groups_and_negative_amounts_are_read() -> None:
    texts = {plain("12,34,567.8"): False, plain("−3.50"): False}

    numbers = numbers_of(texts, formats_of(None))

    assert list(numbers.values()) == [Decimal("1234567.8"), Decimal("-3.50")]


def test_a_number_that_can_be_two_is_refused_unless_another_tells() -> None:
    with pytest.raises(NoNumber, match=r"1234 \(en_US\) or 1\.234 \(de_DE\)"):
        numbers_of({"1,234": False}, formats_of(None))

    told = numbers_of({"1,234": False, "0.50": False}, formats_of(None))
    assert told["1,234"] == 1234


def test_a_count_is_whole_so_its_mark_divides_groups() -> None:
    assert numbers_of({"1.234": True}, formats_of(None)) == {"1.234": Decimal(1234)}


def test_a_locale_that_is_named_decides() -> None:
    assert numbers_of({"1,234": False}, formats_of("de_DE"))["1,234"] == Decimal(
        "1.234"
    )
    with pytest.raises(NoNumber, match="is no number as en_US has it"):
        numbers_of({"1.234,5": False}, formats_of("en_US"))
    with pytest.raises(UnknownLocale):
        formats_of("xx_YY")


@pytest.mark.parametrize(
    "text", ["1.2.3", "abc", "1,23.4", "12,34", "1e5", "0x1f", "$5", "1_000"]
)
def test_what_is_no_number_in_english_is_refused(text: str) -> None:
    with pytest.raises(NoNumber):
        numbers_of({text: False}, formats_of("en_US"))


def test_a_file_is_written_in_one_way() -> None:
    with pytest.raises(NoNumber, match=r"`1\.234,50` is no number as en_US"):
        numbers_of({"1,234.50": False, "1.234,50": False}, formats_of(None))


def test_every_language_reads_what_babel_writes() -> None:
    from babel.numbers import format_decimal

    for locale in LOCALES:
        written = format_decimal(Decimal("1234567.89"), locale=locale)
        (number,) = numbers_of({plain(written): False}, formats_of(locale)).values()
        assert number == Decimal("1234567.89"), locale
