"""An unusable provider must be RatesUnavailable, never an unexpected error (exit 3)."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingest.errors import RatesUnavailable
from ingest.exchange_rates import as_table, fetch_rates
from ingest.settings import FxSettings
from tests.fixtures.loopback import Answer, Loopback, in_turn


def spoiled_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", "Date,USD,\n" + "2026-03-02,1.0842,\n" * 200)
    body = bytearray(buffer.getvalue())
    body[45:60] = b"\xff" * 15
    return bytes(body)


@pytest.mark.parametrize(
    ("provider", "answer"),
    [
        pytest.param("ecb", Answer(b""), id="ecb: empty body"),
        pytest.param("ecb", Answer(spoiled_zip()), id="ecb: damaged zip"),
        pytest.param("ecb", Answer(b"Date,USD,\n", missing=50), id="ecb: body cut"),
        pytest.param(
            "ecb",
            Answer(b"x", headers={"Content-Encoding": "gzip"}),
            id="ecb: bad gzip",
        ),
        pytest.param("frankfurter", Answer(b'{"message":"not found"}'), id="object"),
        pytest.param("frankfurter", Answer(b"7"), id="number"),
        pytest.param(
            "frankfurter",
            Answer(b'[{"date":"2026-03-02","base":"EUR","quote":"USD","rate":null}]'),
            id="rate null",
        ),
        pytest.param(
            "frankfurter",
            Answer(b'[{"date":"2026-03-02","base":"EUR","quote":"USD","rate":"1.1"}]'),
            id="rate text",
        ),
        pytest.param(
            "frankfurter",
            Answer(b'[{"date":"2026-03-02","base":"EUR","quote":"USD","rate":NaN}]'),
            id="rate NaN",
        ),
        pytest.param(
            "frankfurter",
            Answer(b'[{"date":20260302,"base":"EUR","quote":"USD","rate":1}]'),
            id="date number",
        ),
    ],
)
def test_unusable_answer_is_rates_unavailable(provider: str, answer: Answer) -> None:
    with Loopback(in_turn(answer)) as server:
        fx = FxSettings.model_validate({"provider": provider, "base_url": server.url})

        with pytest.raises(RatesUnavailable):
            fetch_rates(fx, date(1999, 1, 1))


def test_short_file_row_is_rates_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("rate_date,base_currency,quote_currency,rate\n2026-03-02,USD\n")

    with pytest.raises(RatesUnavailable):
        fetch_rates(FxSettings(provider="file", path=path), date(1999, 1, 1))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param('"quote": "USD", "rate": 12345678901.5', id="eleven digits"),
        pytest.param('"quote": 5, "rate": 1.5', id="a currency that is a number"),
    ],
)
def test_rate_that_cannot_be_stored_is_rates_unavailable(row: str) -> None:
    body = f'[{{"base": "EUR", "date": "2026-03-02", {row}}}]'.encode()
    with Loopback(in_turn(Answer(body))) as server:
        fx = FxSettings.model_validate(
            {"provider": "frankfurter", "base_url": server.url}
        )
        found = fetch_rates(fx, date(1999, 1, 1))

    with pytest.raises(RatesUnavailable) as caught:
        as_table(found, {}, fx, datetime(2026, 3, 10, tzinfo=UTC))

    assert caught.value.code == "FX-002"
