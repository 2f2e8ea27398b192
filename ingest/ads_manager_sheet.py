"""The rows of campaigns of an Ads Manager export, as text, by our columns."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.ads_manager_columns import (
    AMOUNTS,
    HEADERS,
    column_of,
    currency_of,
    folded,
)
from ingest.ads_manager_file import AS_CSV, read_table
from ingest.errors import ExportUnusable
from ingest.written_numbers import plain

# What stands in a breakdown's column of a row that is the sum of the others.
ALL = "all"
NO_SUM = "it is empty, and the row is no sum of all campaigns"
WITH_IDS = "Export again with the id of each campaign."
# What a language sets between thousands.
GROUPED = re.compile(r"(?<=\d)[., '](?=\d{3})")
Cells = dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """The rows of campaigns, each with its number in the file and its known cells.

    Attributes:
        headers: by our names, as they are written.
        currency: that the headers of amounts name.
        sums: rows that say that they are the sum of all campaigns.
    """

    file: str
    headers: dict[str, str]
    currency: str | None
    rows: list[tuple[int, Cells]]
    sums: list[tuple[int, Cells]]

    def unusable(self, row: int, column: str, why: str, hint: str) -> ExportUnusable:
        """What to raise for a cell that cannot be read."""
        where = f"{self.file}, row {row}, column `{self.headers[column]}`"
        return ExportUnusable(f"{where}: {why}.", hint)


def read_sheet(path: Path, named: Mapping[str, str]) -> Sheet:
    """The rows of campaigns of a file.

    Args:
        named: headers of columns by our names, for headers that are not known.

    Raises:
        ExportUnusable: it is no such table.
    """
    file, ours = path.name, set(map(folded, named.values()))
    written, table = read_table(
        path, lambda header: folded(header) in ours or column_of(header) is not None
    )
    headers = _columns(file, written, named)
    rows = [(number, dict(zip(written, cells, strict=True))) for number, cells in table]
    found = [
        (number, {name: cells[header] for name, header in headers.items()})
        for number, cells in _campaign_rows(file, headers, rows)
    ]
    kept = [(number, cells) for number, cells in found if cells["campaign_id"]]
    if not kept:
        raise ExportUnusable(
            f"{file} has no row of a campaign.", "Export days on which campaigns ran."
        )
    amounts = [headers[name] for name in AMOUNTS if name in headers]
    currencies = sorted({told for each in amounts if (told := currency_of(each))})
    if len(currencies) > 1:
        raise ExportUnusable(
            f"{file} has amounts in several currencies: {', '.join(currencies)}.",
            "Export one account at a time.",
        )
    return Sheet(
        file=file,
        headers=headers,
        currency=currencies[0] if currencies else None,
        rows=kept,
        sums=[(number, cells) for number, cells in found if not cells["campaign_id"]],
    )


def _columns(file: str, written: list[str], named: Mapping[str, str]) -> dict[str, str]:
    found = {name: _named(file, written, name, named[name]) for name in named}
    taken = set(found.values())
    for header in written:
        known = column_of(header)
        if known is None or known in named or header in taken:
            continue
        if known in found:
            raise ExportUnusable(
                f"{file} has two columns for {known}: `{found[known]}` and `{header}`.",
                f"Say which: --column {known}=HEADER.",
            )
        found[known] = header
    if "campaign_id" not in found:
        raise ExportUnusable(
            f"{file} has no column known as the campaign's id. Its columns are: "
            f"{', '.join(written)}.",
            "Add the column Campaign ID in Ads Manager and export again; or, if it is "
            "there under another name: --column campaign_id=HEADER.",
        )
    return found


def _named(file: str, written: list[str], name: str, header: str) -> str:
    if name not in HEADERS:
        raise ExportUnusable(
            f"There is no column `{name}` to name.", f"Name {', '.join(HEADERS)}."
        )
    same = [each for each in written if folded(each) == folded(header)]
    if not same:
        raise ExportUnusable(
            f"{file} has no column `{header}`.",
            f"Its columns are: {', '.join(written)}.",
        )
    if len(same) > 1:
        raise ExportUnusable(
            f"{file} has {len(same)} columns `{header}`.",
            "Export again with one of them.",
        )
    return same[0]


def _campaign_rows(
    file: str, headers: Mapping[str, str], rows: list[tuple[int, Cells]]
) -> Iterator[tuple[int, Cells]]:
    """The rows of campaigns, and without an id what says that it is their sum.

    `Results from 12 campaigns` stands first or last and has no id, day or country. A
    sum over days or countries has `All` there and is left out.
    """
    campaigns = {cells[headers["campaign_id"]] for _, cells in rows} - {""}
    for number, cells in rows:
        breakdowns = [cells[headers[n]] for n in ("day", "country") if n in headers]
        if any(folded(cell) == ALL for cell in breakdowns):
            continue
        if cells[headers["campaign_id"]].strip():
            yield (
                number,
                {**cells, headers["campaign_id"]: _id(file, headers, number, cells)},
            )
            continue
        name = cells[headers["campaign_name"]] if "campaign_name" in headers else ""
        digits = re.findall(r"\d+", GROUPED.sub("", plain(name)))
        is_named_so = digits == [str(len(campaigns))]
        is_of_all = bool(breakdowns) and not any(breakdowns)
        is_at_an_end = number in (rows[0][0], rows[-1][0])
        is_of_a_country = "country" in headers and cells[headers["country"]]
        says_so = is_named_so or is_of_all or not name.strip()
        if not is_at_an_end or not says_so or is_of_a_country:
            raise ExportUnusable(
                f"{file}, row {number}, column `{headers['campaign_id']}`: {NO_SUM}.",
                WITH_IDS,
            )
        yield number, {**cells, headers["campaign_id"]: ""}


def _id(file: str, headers: Mapping[str, str], number: int, cells: Cells) -> str:
    # A spreadsheet keeps text as ="123" or '123.
    text = plain(cells[headers["campaign_id"]]).strip("=\"'")
    if re.fullmatch(r"[0-9]{1,25}", text):
        return text
    is_rounded = re.fullmatch(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", text, re.IGNORECASE)
    raise ExportUnusable(
        f"{file}, row {number}, column `{headers['campaign_id']}`: `{text}` is "
        f"{'an id that a spreadsheet has rounded' if is_rounded else 'no id'}.",
        AS_CSV,
    )
