"""Rows as files: csv, ndjson and parquet, written by DuckDB and sent from disk.

A file has no name once it is written, so it goes with its download, however that ends.
In csv, text that a spreadsheet would run is made harmless; all else is as it stands.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, get_args

from fastapi import Depends, Request

from api.caching import CACHEABLE
from api.downloads import Download
from api.errors import BadRange, Busy, TooManyExports
from api.forms import MEDIA_TYPE
from api.limits import Turns
from api.params import Form
from api.schemas import Meta, Money
from api.schemas_objects import MetricsRow
from api.settings import Settings
from api.snapshots import Reader

MOST_ROWS = 2_000_000
BYTE_ORDER_MARK = "\ufeff".encode()
# Proxies refuse a head of more than 8 KiB.
MOST_META_BYTES = 6000
TOO_LONG = (
    "What was not read is too long to stand here: `coverage` of the same rows as JSON "
    "(limit=1) lists it."
)
HEADERS = {
    "X-Data-Through": "meta.data_through; empty where it is null.",
    "X-Meta": "meta of the same rows as JSON, in ASCII. Where that has more than "
    f"{MOST_META_BYTES} bytes, coverage is null and a warning says so.",
    "X-Row-Count": "How many rows there are.",
    "X-Snapshot-ID": "meta.snapshot_id.",
}


@dataclass(frozen=True)
class Export:
    """What is asked for.

    Attributes:
        form: any but json.
        shape: the row of the level, whose fields are the columns.
        values: what the queries `export_*` bind, but for columns and file.
        name: of the file, without its suffix.
        told: what an answer in JSON says of itself.
    """

    form: Form
    shape: type[MetricsRow]
    values: Mapping[str, object]
    name: str
    told: Meta
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
                "X-Data-Through": str(asked.told.data_through or ""),
                "X-Meta": _as_header(asked.told),
                "X-Row-Count": str(count),
                "X-Snapshot-ID": reader.snapshot_id,
            },
            BYTE_ORDER_MARK if asked.has_bom else b"",
        )


def _as_header(told: Meta) -> str:
    text = json.dumps(told.model_dump(mode="json"), separators=(",", ":"))
    if len(text) <= MOST_META_BYTES or told.coverage is None:
        return text
    warnings = [*told.warnings, TOO_LONG]
    return _as_header(told.model_copy(update={"coverage": None, "warnings": warnings}))


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
