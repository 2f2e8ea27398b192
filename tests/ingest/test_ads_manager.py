"""Exports as Ads Manager and spreadsheets make them, and those that cannot be read."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.ads_manager import Export, read_export
from ingest.errors import ExportUnusable

HEADER = "Campaign ID,Campaign name,Day,Country,Amount spent (USD),Purchases"
ROW = "1,One,2026-03-04,US,10.50,2"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Export]:
    """What an export of these lines holds."""

    def _read(*lines: str, content: bytes | None = None, **asked: Any) -> Export:
        file = tmp_path / "export.csv"
        file.write_bytes("\n".join(lines).encode() if content is None else content)
        asked = {"named": {}, "locale": None, "since": None, "until": None} | asked
        return read_export(file, **asked)

    return _read


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{ROW}\n".encode(),
        f"{HEADER}\r\n{ROW}\r\n\r\n".encode("utf-8-sig"),
        f"{HEADER}\n{ROW}".replace(",", "\t").encode("utf-16"),
        f"sep=;\r\n{HEADER}\r\n{ROW}".replace(",", ";").encode(),
        f'{HEADER}\n"1",One,"2026-03-04",US,"10,50","2"\n'.encode(),
        f'{HEADER}\n"=""1""",One,2026-03-04,US,10.50,2\n'.encode(),
    ],
    ids=["as it is", "with a mark", "as Excel writes", "sep", "comma decimals", "text"],
)
def test_an_export_is_read_however_it_is_written(
    read: Callable[..., Export], content: bytes
) -> None:
    export = read(content=content)

    assert (export.since, export.until) == (date(2026, 3, 4), date(2026, 3, 4))
    assert export.currency == "USD"
    assert export.rows == [
        {
            "campaign_id": "1",
            "campaign_name": "One",
            "country": "US",
            "day": "2026-03-04",
            "spend": "10.50",
            "purchases": "2",
        }
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            "Kampagnen-ID;Kampagnenname;Tag;Land;Ausgegebener Betrag (USD);Käufe",
            "1;One;2026-03-04;Vereinigte Staaten;10,50;2",
        ),
        (
            "Nom de la campagne;ID de la campagne;Jour;Pays;Montant dépensé (USD);"
            "Achats",
            "One;1;2026-03-04;États-Unis;10,50;2",
        ),
        (
            "Nombre de la campaña,ID de la campaña,Día,País,Importe gastado (USD),"
            "Compras",
            'One,1,2026-03-04,Estados Unidos,"10,50",2',
        ),
        (
            "Kampanya Adı,Kampanya Kodu,Gün,Ülke,Harcanan Tutar (USD),Alışverişler",
            'One,1,2026-03-04,US,"10,50",2',
        ),
        (
            "اسم الحملة,معرف الحملة,اليوم,البلد,"
            "المبلغ الذي تم إنفاقه (USD),عمليات الشراء",
            "One,١,2026-03-04,الولايات المتحدة,١٠٫٥٠,٢",
        ),
    ],
    ids=["German", "French", "Spanish", "Turkish", "Arabic"],
)
def test_columns_and_countries_are_known_in_the_language_of_the_export(
    read: Callable[..., Export], header: str, row: str
) -> None:
    export = read(header, row)

    (found,) = export.rows
    assert found["campaign_id"] == "1"
    assert (found["country"], found["spend"], found["purchases"]) == (
        "US",
        "10.50",
        "2",
    )


def test_a_column_of_another_name_is_named(read: Callable[..., Export]) -> None:
    """Though no header is known, which would tell what separates the cells."""
    named = {"campaign_id": "kampanj-ID", "day": "Datum", "spend": "Kostnad (SEK)"}

    export = read("Kampanj-id;Datum;Kostnad (SEK)", "1;2026-03-04;10,50", named=named)

    assert export.currency == "SEK"
    (row,) = export.rows
    assert (row["campaign_id"], row["day"]) == ("1", "2026-03-04")
    assert row["spend"] == "10.50"


def test_an_empty_cell_names_no_currency(read: Callable[..., Export]) -> None:
    header = "Campaign ID,Day,Amount spent,Currency"

    some = read(header, "1,2026-03-04,1.00,", "2,2026-03-04,1.00,EUR")
    none = read(header, "1,2026-03-04,1.00,")

    assert (some.currency, none.currency) == ("EUR", None)


@pytest.mark.parametrize(
    "total",
    [
        ",Results from 2 campaigns,,,99.00,9",
        ",Ergebnisse von 2 Kampagnen,,,99.00,9",
        ",,,,99.00,9",
        ",Total,,,99.00,9",
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_the_sum_of_all_campaigns_is_no_row(
    read: Callable[..., Export], total: str, is_first: bool
) -> None:
    rows = [ROW, "2,Two,2026-03-04,US,1.00,0"]
    lines = [total, *rows] if is_first else [*rows, total]

    assert [row["spend"] for row in read(HEADER, *lines).rows] == ["10.50", "1.00"]


def test_a_row_without_an_id_is_a_sum_if_its_amounts_are_that_of_all_rows(
    read: Callable[..., Export],
) -> None:
    """By country they are not: what has no country is in the sum and in no row."""
    header = (
        "Campaign ID,Campaign name,Amount spent (USD),Reporting starts,Reporting ends"
    )
    days = "2026-03-01,2026-03-07"
    rows = [f"{number},One,1.50,{days}" for number in range(1000)]

    export = read(header, *rows, f',"Results from 1,000 campaigns","1,500.00",{days}')

    assert len(export.rows) == 1000
    with pytest.raises(ExportUnusable, match="row 3, column `Campaign ID`: it is empt"):
        read(header, rows[0], f",Brand 1,7.00,{days}")
    with pytest.raises(ExportUnusable, match="row 3, column `Campaign ID`: it is empt"):
        read(HEADER, ROW, ",Brand 1,2026-03-04,US,7.00,1")


def test_sums_over_days_or_countries_are_no_rows(read: Callable[..., Export]) -> None:
    export = read(HEADER, "1,One,All,US,99.00,9", "1,One,2026-03-04,All,98.00,8", ROW)

    assert [row["spend"] for row in export.rows] == ["10.50"]


def test_what_stands_empty_is_nothing_and_what_is_not_there_is_no_column(
    read: Callable[..., Export],
) -> None:
    export = read(HEADER, "1,One,2026-03-04,Unknown,10.50,")

    assert (export.rows[0]["purchases"], export.rows[0]["country"]) == ("0", "unknown")
    assert "impressions" not in export.columns


def test_days_are_those_of_its_rows_of_its_report_or_those_named(
    read: Callable[..., Export],
) -> None:
    header = "Campaign ID,Amount spent (USD),Reporting starts,Reporting ends"

    window = read(header, "1,5.00,2026-03-01,2026-03-07")
    daily = read(header, "1,5.00,2026-03-01,2026-03-01")
    named = read(
        "Campaign ID,Amount spent (USD)",
        "1,5.00",
        since=date(2026, 3, 1),
        until=date(2026, 3, 9),
    )

    assert (window.since, window.until) == (date(2026, 3, 1), date(2026, 3, 7))
    assert "day" not in window.columns
    assert daily.rows[0]["day"] == "2026-03-01"
    assert (named.since, named.until) == (date(2026, 3, 1), date(2026, 3, 9))


def test_days_in_the_way_of_a_language_are_read_when_it_is_named(
    read: Callable[..., Export],
) -> None:
    row = ROW.replace("2026-03-04", "04.03.2026").replace("10.50", '"10,50"')

    export = read(HEADER, row, locale="de_DE")

    assert export.rows[0]["day"] == "2026-03-04"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Campaign name,Day", "One,2026-03-04"], "no column known as the campaign's"),
        ([HEADER + ",Käufe", ROW + ",2"], "two columns for purchases"),
        ([HEADER + ",Purchases", ROW + ",2"], "two columns for purchases"),
        ([HEADER, ROW + ",too,many"], "is no table: Expected 6 fields in line 2"),
        ([HEADER], "has no row of a campaign"),
        ([HEADER, ROW, "2,Two,2026-03-04"], "row 3 has fewer cells than the first"),
        (
            [HEADER, "", '1,"One', 'Two",2026-03-04,US,1.00,2'],
            "row 3 has a line end within a cell",
        ),
        (
            [HEADER, '1,"One,2026-03-04,US,1.00,2', '2,"Two,2026-03-04,US,1.00,2'],
            "is no table: ',' expected after",
        ),
        (
            [HEADER, ROW.replace("US", ""), ROW],
            "row 2, column `Country`: it is empty, as in a sum over countries",
        ),
        (
            [HEADER + ",Age", ROW + ",All", ROW + ",18-24"],
            "rows 2 and 3 are of the same campaign, day and country",
        ),
        (
            [
                "Campaign ID,Amount spent (USD),Reporting starts,Reporting ends",
                "1,30.00,2026-03-01,2026-03-31",
                "1,10.00,2026-03-08,2026-03-14",
            ],
            "rows 2 and 3 are of the same campaign, day and country",
        ),
        (
            [HEADER, "", ROW.replace("10.50", "1.2.3")],
            "row 3, column `Amount spent (USD)`: `1.2.3` is no number",
        ),
        (
            [HEADER, ROW.replace("10.50", '"1,234"')],
            "`1,234` can be 1234 (en_US) or 1.234 (de_DE)",
        ),
        (
            [HEADER, ROW[:-1] + "2.5"],
            "row 2, column `Purchases`: `2.5` is no whole number",
        ),
        (
            [HEADER, ROW.replace("10.50", "1" * 15)],
            "`111111111111111` is no amount or count that fits",
        ),
        (
            [HEADER, ROW.replace("10.50", "1.00001")],
            "`1.00001` is no amount or count that fits",
        ),
        (
            [HEADER, ROW.replace("2026-03-04", "04.03.2026")],
            "row 2, column `Day`: `04.03.2026` is no day",
        ),
        (
            [HEADER, ROW.replace("US", "Atlantis")],
            "row 2, column `Country`: `Atlantis` is no country known",
        ),
        (
            [HEADER, "6.01E+14" + ROW[1:]],
            "`6.01E+14` is an id that a spreadsheet has rounded",
        ),
        ([HEADER, "one" + ROW[1:]], "row 2, column `Campaign ID`: `one` is no id"),
        (
            [HEADER, ROW.replace("US", "A\x1b[2J\u202e\u2028B")],
            "column `Country`: `A?[2J??B` is no country known",
        ),
        (
            [HEADER, ROW, ROW[1:], ROW.replace("04", "05")],
            "row 3, column `Campaign ID`: it is empty",
        ),
        (
            [HEADER + ",Currency", ROW + ",USD", ROW.replace("04", "05") + ",EUR"],
            "in several currencies: EUR, USD",
        ),
        (
            ["Campaign ID,Amount spent (USD)", "1,5.00"],
            "does not say which days it is of",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_what_cannot_be_read_is_refused_by_row_and_column(
    read: Callable[..., Export], lines: list[str], said: str
) -> None:
    with pytest.raises(ExportUnusable) as refused:
        read(*lines)

    assert said in refused.value.message
    assert refused.value.message.startswith("export.csv")
    assert refused.value.hint
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 and more", "is a spreadsheet, no CSV"),
        (HEADER.encode() + b"\n1,K\xe4ufe", "neither UTF-8 nor UTF-16"),
        (HEADER.encode() + b"\n1,\x00", "holds zero bytes"),
        (b"", "no column known"),
        (f"{HEADER}\r{ROW}\r".encode(), "is no table: new-line character"),
        (b'"' + HEADER.encode() + b"x" * 140_000, "is no table: field larger than"),
    ],
    ids=["xlsx", "latin", "zero bytes", "empty", "old line ends", "open quote"],
)
def test_what_is_no_text_is_refused(
    read: Callable[..., Export], content: bytes, said: str
) -> None:
    with pytest.raises(ExportUnusable) as refused:
        read(content=content)

    assert said in refused.value.message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"named": {"campaign": "Day"}}, "There is no column `campaign` to name"),
        ({"named": {"spend": "Cost"}}, "has no column `Cost`"),
        ({"named": {"spend": "tax"}}, "has 2 columns `tax`"),
        ({"locale": "xx_YY"}, "There is no locale `xx_YY`"),
        ({"since": date(2026, 3, 5)}, "has days outside of 2026-03-05"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_what_is_said_of_an_export_has_to_be_true(
    read: Callable[..., Export], asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(ExportUnusable) as refused:
        read(HEADER + ",Tax,TAX", ROW + ",1,2", **asked)

    assert said in refused.value.message


def test_an_unknown_locale_is_refused_before_a_day_is_read_by_it(
    read: Callable[..., Export],
) -> None:
    with pytest.raises(ExportUnusable, match="There is no locale `xx_YY`"):
        read(HEADER, ROW.replace("2026-03-04", "04.03.2026"), locale="xx_YY")


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(ExportUnusable, match="zero is larger than 32 MB"):
        read_export(Path("/dev/zero"), named={}, locale=None, since=None, until=None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportUnusable, match="cannot be read: No such file"):
        read_export(
            tmp_path / "none.csv", named={}, locale=None, since=None, until=None
        )
