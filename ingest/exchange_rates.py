"""Daily reference rates from a provider: the only module that talks to one.

Every provider gives units of a currency for one unit of its base, per day it published.
"""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import requests
from urllib3.exceptions import HTTPError

from ingest import tables
from ingest.bounded_http import BoundedAdapter, body_in_time
from ingest.errors import RatesUnavailable
from ingest.settings import FxSettings

TIMEOUT_SECONDS = (10, 60)
WHOLE_SECONDS = 120.0
LONGEST_FILE_BYTES = 50_000_000
FILE_COLUMNS = ("rate_date", "base_currency", "quote_currency", "rate")
# A rate is stored with ten places; the smallest published today has seven.
_TEN_PLACES = Decimal("1e-10")
_NO_ANSWER = (
    HTTPError,
    OSError,
    requests.RequestException,
    zipfile.BadZipFile,
    zlib.error,
)
# What taking apart a file that is not what it should be can end in.
_NOT_ITS_FORMAT = (
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Rate:
    """Units of the quote currency for one unit of the base, published for a day."""

    base_currency: str
    quote_currency: str
    rate_date: date
    rate: Decimal


def fetch_rates(fx: FxSettings, since: date) -> list[Rate]:
    """Every rate that the provider holds from `since` on; empty for provider `none`.

    Raises:
        RatesUnavailable: the provider did not answer, or with something else.
    """
    try:
        if fx.provider == "ecb":
            found = _ecb(_download(fx.url))
        elif fx.provider == "frankfurter":
            found = _frankfurter(
                _download(f"{fx.url}/v2/rates?base=EUR&providers=ecb&from={since}")
            )
        elif fx.provider == "file" and fx.path is not None:
            found = _file(fx.path)
        else:
            return []
        return [_checked(rate) for rate in found if rate.rate_date >= since]
    except _NO_ANSWER as problem:
        raise RatesUnavailable(
            f"Exchange rates of `{fx.provider}` could not be read ({problem}).",
            "Amounts without a rate stay empty and are counted until they can.",
        ) from None
    except _NOT_ITS_FORMAT as problem:
        raise RatesUnavailable(
            f"Exchange rates of `{fx.provider}` are not in its format ({problem!r}).",
            "Check `sources.fx.base_url` or `path`.",
            code="FX-002",
        ) from None


def as_table(
    rates: Iterable[Rate],
    known: Mapping[tuple[str, str, date], Decimal],
    fx: FxSettings,
    fetched_at: datetime,
) -> pa.Table:
    """The rates that are new or differ from the newest known version of their day.

    Raises:
        RatesUnavailable: one cannot be stored as it is.
    """
    rows = [
        {
            "provider": fx.provider,
            "base_currency": rate.base_currency,
            "quote_currency": rate.quote_currency,
            "rate_date": rate.rate_date,
            "rate": rate.rate,
            "fetched_at": fetched_at,
        }
        for rate in rates
        if known.get((fx.provider, rate.quote_currency, rate.rate_date)) != rate.rate
    ]
    try:
        return pa.Table.from_pylist(rows, schema=tables.RATE_SCHEMA)
    except pa.ArrowException as problem:
        raise RatesUnavailable(
            f"Exchange rates of `{fx.provider}` cannot be stored exactly ({problem}).",
            "Amounts without a rate stay empty and are counted until they can.",
            code="FX-002",
        ) from None


def _download(url: str) -> bytes:
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, BoundedAdapter(WHOLE_SECONDS, connections=1))
        with (
            session.get(url, timeout=TIMEOUT_SECONDS, stream=True) as response,
            body_in_time(response.raw, WHOLE_SECONDS),
        ):
            response.raise_for_status()
            body = response.raw.read(LONGEST_FILE_BYTES + 1, decode_content=True)
    if len(body) > LONGEST_FILE_BYTES:
        raise ValueError(f"more than {LONGEST_FILE_BYTES} bytes")
    return bytes(body)


def _ecb(body: bytes) -> Iterator[Rate]:
    """Source: European Central Bank, eurofxref-hist.zip, one line a day."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = archive.read(archive.namelist()[0])
    lines = csv.reader(io.StringIO(body.decode("ascii")))
    header = next(lines)
    if header[0] != "Date":
        raise ValueError(f"first column {header[0]!r} instead of 'Date'")
    for line in lines:
        for currency, text in zip(header[1:], line[1:], strict=True):
            if currency and text not in ("N/A", ""):
                yield Rate("EUR", currency, date.fromisoformat(line[0]), Decimal(text))


def _frankfurter(body: bytes) -> Iterator[Rate]:
    """Source: Frankfurter API v2, `rates`, pinned to the ECB so that no blend moves."""
    for row in json.loads(body, parse_float=Decimal, parse_int=Decimal):
        if not isinstance(row["rate"], Decimal):
            raise TypeError(f"a rate that is no number: {row['rate']!r}")
        yield Rate(
            row["base"], row["quote"], date.fromisoformat(row["date"]), row["rate"]
        )


def _file(path: Path) -> Iterator[Rate]:
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file)
        if tuple(lines.fieldnames or ()) != FILE_COLUMNS:
            raise ValueError(f"the columns must be {','.join(FILE_COLUMNS)}")
        for line in lines:
            yield Rate(
                line["base_currency"],
                line["quote_currency"],
                date.fromisoformat(line["rate_date"]),
                Decimal(line["rate"]),
            )


def _checked(rate: Rate) -> Rate:
    exact = rate.rate.quantize(_TEN_PLACES)
    if not exact.is_finite() or exact <= 0:
        raise ValueError(f"{rate.quote_currency} on {rate.rate_date}: {rate.rate}")
    return Rate(rate.base_currency, rate.quote_currency, rate.rate_date, exact)
