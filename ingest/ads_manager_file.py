"""The file of an Ads Manager export: its encoding, what separates cells, whole rows."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.errors import ExportUnusable

LARGEST = 32 * 1024 * 1024
DELIMITERS = (",", ";", "\t")
AS_CSV = "Export again from Ads Manager as .csv, and do not save it from a spreadsheet."
Rows = Iterator[tuple[int, list[str]]]


def read_table(path: Path, is_known: Callable[[str], bool]) -> tuple[list[str], Rows]:
    """The headers of a file, and its rows with their numbers in it, no empty ones.

    Args:
        is_known: whether a header is; most are by what separates the cells.

    Raises:
        ExportUnusable: it is no table; of the rows, when they are taken.
    """
    file, text = path.name, _text(path)
    head, _, body = text.partition("\n")
    first_row = 1
    # A line of Excel's that says what separates the cells.
    if re.fullmatch(r"sep=.\r?", head):
        text, first_row = body, 2
    heads = {each: _header(file, text, each) for each in DELIMITERS}
    delimiter = max(heads, key=lambda each: len(set(filter(is_known, heads[each]))))
    return heads[delimiter], _rows(file, text, delimiter, first_row)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise ExportUnusable(
            f"{path} cannot be read: {error.strerror}.", "Name a file that is there."
        ) from error
    if len(content) > LARGEST:
        raise ExportUnusable(
            f"{path.name} is larger than {LARGEST // 1024**2} MB.",
            "Export fewer days or columns at a time.",
        )
    if content.startswith(b"PK\x03\x04"):
        raise ExportUnusable(f"{path.name} is a spreadsheet, no CSV.", AS_CSV)
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportUnusable(
            f"{path.name} is neither UTF-8 nor UTF-16 (byte {error.start}).", AS_CSV
        ) from error
    if "\0" in text:
        raise ExportUnusable(f"{path.name} is no text: it holds zero bytes.", AS_CSV)
    return text


def _header(file: str, text: str, delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    except csv.Error as error:
        # After a dash it has a programmer's advice.
        why = str(error).partition(" - ")[0]
        raise ExportUnusable(f"{file} is no table: {why}.", AS_CSV) from error
    return [each.strip() for each in first]


def _rows(file: str, text: str, delimiter: str, first_row: int) -> Rows:
    import pandas

    try:
        frame = pandas.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            # The other one does not tell a cell that is not there from an empty one.
            engine="python",
        )
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError) as error:
        raise ExportUnusable(f"{file} is no table: {error}.", AS_CSV) from error
    rows: list[list[str]] = frame.fillna("").to_numpy(dtype=object).tolist()
    is_short = frame.isna().any(axis=1).tolist()
    for number, cells in enumerate(rows, first_row):
        if not any(cells):
            continue
        if is_short[number - first_row]:
            raise ExportUnusable(
                f"{file}, row {number} has fewer cells than the first.", AS_CSV
            )
        if any("\n" in cell or "\r" in cell for cell in cells):
            raise ExportUnusable(
                f"{file}, row {number} has a line end within a cell.", AS_CSV
            )
        if number > first_row:
            yield number, cells
