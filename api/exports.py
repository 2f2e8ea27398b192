"""Rows as files: csv, ndjson and parquet, written by DuckDB and streamed from disk.

A file has no name once it is written, so it goes with the download, however that ends.
In csv, text that a spreadsheet would run is made harmless; all else is as it stands.
"""

import os
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, BinaryIO, get_args

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse

from api.caching import CACHEABLE
from api.errors import BadParameter, BadRange, TooManyExports
from api.params import Form, RowsQuery
from api.schemas import Money
from api.schemas_objects import MetricsRow
from api.snapshots import Reader

MEDIA_TYPE: dict[Form, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
MOST_ROWS = 2_000_000
BYTE_ORDER_MARK = "\ufeff".encode()
PIECE_BYTES = 2**18


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
    """Makes exports, only so many at once."""

    def __init__(self, at_once: int, seconds: float) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._seconds = seconds

    def answer(
        self, reader: Reader, asked: Export, has_gone: Callable[[], bool]
    ) -> Response:
        """The rows of a level as a download.

        Raises:
            TooManyExports: as many as allowed are being made or downloaded.
            BadRange: there are more than MOST_ROWS.
        """
        if not self._places.acquire(blocking=False):
            raise TooManyExports(
                "As many exports as allowed are being made or downloaded.",
                "Ask again when one has ended.",
            )
        values = {
            **asked.values,
            **_columns(asked.shape, asked.form),
            "row_limit": MOST_ROWS + 1,
        }
        try:
            file, count = reader.write(
                f"export_{asked.form}", values, self._seconds, has_gone
            )
        except BaseException:
            self._places.release()
            raise
        # However the download ends, its place is free with the file's last handle.
        weakref.finalize(file, self._places.release)
        if count > MOST_ROWS:
            raise BadRange(
                f"The window has more than {MOST_ROWS:,} rows, the most for an export.",
                "Ask for fewer days at a time.",
            )
        start = BYTE_ORDER_MARK if asked.has_bom else b""
        size = len(start) + file.seek(0, os.SEEK_END)
        file.seek(0)
        name = re.sub(r"[^\w-]", "_", asked.name, flags=re.ASCII)
        return StreamingResponse(
            _pieces(start, file),
            media_type=MEDIA_TYPE[asked.form],
            headers={
                "Cache-Control": CACHEABLE,
                "Content-Length": str(size),
                "Content-Disposition": f'attachment; filename="{name}.{asked.form}"',
                "X-Snapshot-ID": reader.snapshot_id,
                "X-Row-Count": str(count),
                **asked.headers,
            },
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


def _pieces(start: bytes, file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield start
        while piece := file.read(PIECE_BYTES):
            yield piece


def _exports(request: Request) -> Exports:
    exports: Exports = request.app.state.exports
    return exports


UsedExports = Annotated[Exports, Depends(_exports)]
