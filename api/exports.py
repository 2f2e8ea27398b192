"""Rows as files: csv, ndjson and parquet, written by DuckDB and sent from disk.

A file has no name once it is written, so it goes with its download, however that ends.
In csv, text that a spreadsheet would run is made harmless; all else is as it stands.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, get_args

from fastapi import Depends, Request

from api.caching import CACHEABLE
from api.downloads import Download
from api.errors import BadParameter, BadRange, Busy, TooManyExports
from api.limits import Turns
from api.params import Form, RowsQuery
from api.schemas import Money
from api.schemas_objects import MetricsRow
from api.settings import Settings
from api.snapshots import Reader

MEDIA_TYPE: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
MOST_ROWS = 2_000_000
BYTE_ORDER_MARK = "\ufeff".encode()


def asked_form(asked: RowsQuery, accept: str) -> Form:
    """The form asked for: by `format`, else the one that the header Accept prefers.

    Raises:
        BadParameter: an export is asked for in pages, or another form with a mark.
    """
    form = asked.format or _preferred(accept)
    if form != "json" and asked.model_fields_set & {"cursor", "limit"}:
        raise BadParameter(
            f"An export ({form}) is all rows at once: it has no pages.",
            "Leave out limit and cursor, or ask for format=json.",
        )
    if asked.bom and form != "csv":
        raise BadParameter(
            f"Only csv can begin with a byte order mark, and {form} is asked for.",
            "Leave out bom, or ask for format=csv.",
        )
    return form


def _preferred(accept: str) -> Form:
    """The first of the forms with the highest weight; json where none is named."""
    best: tuple[float, Form] = (0.0, "json")
    for part in accept.split(","):
        name, *parameters = (text.strip() for text in part.lower().split(";"))
        weight = 1.0
        for parameter in parameters:
            if re.fullmatch(r"q=(0(\.\d{1,3})?|1(\.0{1,3})?)", parameter):
                weight = float(parameter[2:])
        for form, media_type in MEDIA_TYPE.items():
            if name == media_type and weight > best[0]:
                best = weight, form
    return best[1]


@dataclass(frozen=True)
class Export:
    """What is asked for.

    Attributes:
        form: any but json.
        shape: the row of the level, whose fields are the columns.
        values: what the queries `export_*` bind, but for columns and file.
        name: of the file, without its suffix.
        headers: what else the answer says of itself.
    """

    form: Form
    shape: type[MetricsRow]
    values: Mapping[str, object]
    name: str
    headers: Mapping[str, str]
    has_bom: bool


class Exports:
    """Makes exports, only so many at once, and of one key no more than half of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = Turns(settings.exports_at_once)

    def answer(
        self, reader: Reader, asked: Export, has_gone: Callable[[], bool]
    ) -> Download:
        """The rows of a level as a download.

        Raises:
            TooManyExports: as many as allowed are being made or downloaded.
            BadRange: there are more rows or bytes than one export may have.
        """
        try:
            self._turns.take(reader.caller)
        except Busy as error:
            raise TooManyExports(
                "As many exports as allowed are being made or downloaded.",
                "Ask again when one has ended.",
            ) from error
        end = functools.partial(self._turns.give_back, reader.caller)
        try:
            return self._download(reader, asked, has_gone, end)
        except BaseException:
            end()
            raise

    def _download(
        self,
        reader: Reader,
        asked: Export,
        has_gone: Callable[[], bool],
        end: Callable[[], None],
    ) -> Download:
        file, count = reader.write(
            f"export_{asked.form}",
            {
                **asked.values,
                **_columns(asked.shape, asked.form),
                "row_limit": MOST_ROWS + 1,
            },
            self._settings.export_seconds,
            self._settings.export_bytes,
            has_gone,
        )
        if count > MOST_ROWS:
            file.close()
            raise BadRange(
                f"The window has more than {MOST_ROWS:,} rows, the most for an export.",
                "Ask for fewer days at a time.",
            )
        name = re.sub(r"[^\w-]", "_", asked.name, flags=re.ASCII)
        return Download(
            file,
            self._settings.download_seconds,
            end,
            MEDIA_TYPE[asked.form],
            {
                "Cache-Control": CACHEABLE,
                "Content-Disposition": f'attachment; filename="{name}.{asked.form}"',
                "X-Snapshot-ID": reader.snapshot_id,
                "X-Row-Count": str(count),
                **asked.headers,
            },
            BYTE_ORDER_MARK if asked.has_bom else b"",
        )


def _columns(shape: type[MetricsRow], form: Form) -> dict[str, object]:
    """The names of a row's columns, for all but parquet by how cells are written."""
    names = list(shape.model_fields)
    if form == "parquet":
        return {"names": names}
    kinds = {
        name: get_args(field.annotation) or (field.annotation,)
        for name, field in shape.model_fields.items()
    }
    by_kind = {
        f"{of}_names": [name for name in names if kind in kinds[name]]
        for of, kind in (("text", str), ("money", Money), ("time", datetime))
    }
    named = {name for some in by_kind.values() for name in some}
    return {**by_kind, "other_names": [name for name in names if name not in named]}


def _exports(request: Request) -> Exports:
    exports: Exports = request.app.state.exports
    return exports


UsedExports = Annotated[Exports, Depends(_exports)]
