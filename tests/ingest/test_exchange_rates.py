"""Rates of each provider over real files and a real HTTP server."""

import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import currency_converter  # type: ignore[import-untyped]  # ships no types
import pytest

from ingest import tables
from ingest.errors import RatesUnavailable
from ingest.exchange_rates import Rate, as_table, fetch_rates
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from ingest.settings import FxSettings
from tests.fixtures.loopback import Answer, Loopback, in_turn

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
FETCHED_AT = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)
LONG_AGO = date(1999, 1, 1)


def zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return buffer.getvalue()


def fetched(
    answer: Answer, since: date = LONG_AGO, provider: str = "ecb"
) -> list[Rate]:
    with Loopback(in_turn(answer)) as server:
        fx = FxSettings.model_validate({"provider": provider, "base_url": server.url})
        return fetch_rates(fx, since)


def euro(currency: str, day: date, rate: str) -> Rate:
    return Rate("EUR", currency, day, Decimal(rate))


# The trailing comma of each line and the newest day first are the ECB's.
TWO_DAYS = (
    "Date,USD,JPY,CYP,\n2026-03-03,1.0851,158.20,N/A,\n2026-03-02,1.0842,158.36,,\n"
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(zipped(TWO_DAYS), id="zip"),
        pytest.param(TWO_DAYS.encode(), id="plain CSV"),
    ],
)
def test_ecb_file_gives_each_rate_and_skips_what_is_not_published(body: bytes) -> None:
    rates = fetched(Answer(body))

    assert rates == [
        euro("USD", TUESDAY, "1.0851"),
        euro("JPY", TUESDAY, "158.20"),
        euro("USD", MONDAY, "1.0842"),
        euro("JPY", MONDAY, "158.36"),
    ]


def test_rates_begin_on_the_first_day_asked_for() -> None:
    rates = fetched(Answer(zipped(TWO_DAYS)), since=TUESDAY)

    assert {rate.rate_date for rate in rates} == {TUESDAY}


def test_real_ecb_file_is_read_from_its_first_day_on() -> None:
    package = Path(currency_converter.__file__).parent
    body = (package / "eurofxref-hist.zip").read_bytes()

    rates = fetched(Answer(body))

    found = {(rate.quote_currency, rate.rate_date): rate.rate for rate in rates}
    # The first fixing of the euro, as the ECB published it.
    first_day = date(1999, 1, 4)
    assert found["USD", first_day] == Decimal("1.1789")
    assert found["JPY", first_day] == Decimal("133.73")
    assert ("BRL", first_day) not in found
    # 2024-12-24, the last fixing before Christmas, and none on the 25th and 26th.
    assert found["USD", date(2024, 12, 24)] == Decimal("1.0395")
    assert ("USD", date(2024, 12, 25)) not in found
    assert "" not in {rate.quote_currency for rate in rates}


def test_sandbox_file_is_read_like_the_real_one() -> None:
    with Sandbox(default_world()) as sandbox:
        fx = FxSettings(base_url=f"{sandbox.url}/eurofxref-hist.zip")
        rates = fetch_rates(fx, date(2026, 3, 6))
        truth = {
            day: sandbox.rates.on(day) for day in (date(2026, 3, 6), date(2026, 3, 9))
        }

    # Its clock stands at 09:30 UTC on Tuesday the 10th: Friday and Monday are out.
    found: dict[date, dict[str, Decimal]] = {}
    for rate in rates:
        found.setdefault(rate.rate_date, {})[rate.quote_currency] = rate.rate
    assert found == truth


def test_frankfurter_answer_keeps_its_digits() -> None:
    body = (
        b'[{"date":"2026-03-02","base":"EUR","quote":"USD","rate":1.0842},'
        b'{"date":"2026-03-02","base":"EUR","quote":"ISK","rate":149},'
        b'{"date":"2026-03-03","base":"EUR","quote":"GBP","rate":0.8540500001}]'
    )

    rates = fetched(Answer(body), provider="frankfurter")

    assert rates == [
        euro("USD", MONDAY, "1.0842"),
        euro("ISK", MONDAY, "149"),
        euro("GBP", TUESDAY, "0.8540500001"),
    ]


def test_frankfurter_is_asked_for_the_ecbs_euro_rates() -> None:
    with Loopback(in_turn(Answer(b"[]"))) as server:
        fx = FxSettings(provider="frankfurter", base_url=f"{server.url}/")
        fetch_rates(fx, MONDAY)

    assert server.asked[0].path == "/v2/rates"
    assert server.asked[0].params == {
        "base": "EUR",
        "providers": "ecb",
        "from": "2026-03-02",
    }


def test_file_gives_the_rates_in_it(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(
        "rate_date,base_currency,quote_currency,rate\n"
        "2026-03-02,USD,SAR,3.75\n"
        "2026-03-01,USD,SAR,3.7499999999\n"
    )

    rates = fetch_rates(FxSettings(provider="file", path=path), MONDAY)

    assert rates == [Rate("USD", "SAR", MONDAY, Decimal("3.75"))]


def test_provider_none_gives_no_rates() -> None:
    rates = fetch_rates(FxSettings(provider="none"), LONG_AGO)

    assert rates == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Datum,USD,\n2026-03-02,1.0842,\n", id="wrong header"),
        pytest.param(b"<html>Sorry</html>", id="HTML"),
        pytest.param(b"Date,USD,\n2026-03-02,1.0842,7,\n", id="a column too many"),
        pytest.param(b"Date,USD,\n2026-03-02\n", id="a column too few"),
        pytest.param(b"Date,USD,\n02.03.2026,1.0842,\n", id="another date format"),
        pytest.param("Date,USD,\n2026-03-02,1·08,\n".encode(), id="not ASCII"),
        pytest.param(b"Date,USD,\n2026-03-02,one,\n", id="a word"),
        pytest.param(b"Date,USD,\n2026-03-02,0,\n", id="zero"),
        pytest.param(b"Date,USD,\n2026-03-02,-1.0842,\n", id="negative"),
        pytest.param(b"Date,USD,\n2026-03-02,NaN,\n", id="NaN"),
        pytest.param(b"Date,USD,\n2026-03-02,Infinity,\n", id="infinity"),
        pytest.param(b"Date,USD,\n2026-03-02,1e-11,\n", id="too small to store"),
    ],
)
def test_ecb_file_that_is_not_one_is_refused(body: bytes) -> None:
    with pytest.raises(RatesUnavailable) as caught:
        fetched(Answer(body))

    assert caught.value.code == "FX-002"
    assert caught.value.hint


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>Sorry</html>", id="HTML"),
        pytest.param(b'[{"date":"2026-03-02","base":"EUR"}]', id="keys missing"),
        pytest.param(
            b'[{"date":"soon","base":"EUR","quote":"USD","rate":1}]', id="no date"
        ),
        pytest.param(
            b'[{"date":"2026-03-02","base":"EUR","quote":"USD","rate":0}]', id="zero"
        ),
    ],
)
def test_frankfurter_answer_that_is_not_one_is_refused(body: bytes) -> None:
    with pytest.raises(RatesUnavailable) as caught:
        fetched(Answer(body), provider="frankfurter")

    assert caught.value.code == "FX-002"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(
            "day,base_currency,quote_currency,rate\n", "FX-002", id="wrong header"
        ),
        pytest.param(
            "rate_date,base_currency,quote_currency,rate\n2026-03-02,USD,SAR,0\n",
            "FX-002",
            id="zero",
        ),
        pytest.param(
            "rate_date,base_currency,quote_currency,rate\n2026-03-02,USD,SAR,x\n",
            "FX-002",
            id="a word",
        ),
        pytest.param("", "FX-002", id="empty"),
        pytest.param(None, "FX-001", id="not there"),
    ],
)
def test_file_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str | None, code: str
) -> None:
    path = tmp_path / "rates.csv"
    if text is not None:
        path.write_text(text)

    with pytest.raises(RatesUnavailable) as caught:
        fetch_rates(FxSettings(provider="file", path=path), LONG_AGO)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(b"Sorry", 500), id="500"),
        pytest.param(Answer(b"Gone", 404), id="404"),
        pytest.param(Answer(is_dropped=True), id="connection dropped"),
        pytest.param(Answer(zipped(TWO_DAYS)[:40]), id="half a zip"),
    ],
)
def test_provider_that_does_not_answer_is_told_so(answer: Answer) -> None:
    with pytest.raises(RatesUnavailable) as caught:
        fetched(answer)

    assert caught.value.code == "FX-001"
    assert "`ecb`" in caught.value.message


def test_only_new_or_corrected_rates_are_stored() -> None:
    rates = [
        euro("USD", MONDAY, "1.0842000000"),
        euro("JPY", MONDAY, "158.36"),
        euro("USD", TUESDAY, "1.0851"),
    ]
    known = {
        ("ecb", "USD", MONDAY): Decimal("1.0842"),
        ("ecb", "JPY", MONDAY): Decimal("158.35"),
    }

    table = as_table(rates, known, FxSettings(), FETCHED_AT)

    stored = [
        (row["quote_currency"], row["rate_date"], row["rate"])
        for row in table.to_pylist()
    ]
    assert stored == [
        ("JPY", MONDAY, Decimal("158.36")),
        ("USD", TUESDAY, Decimal("1.0851")),
    ]
    assert table.schema == tables.RATE_SCHEMA
    assert {row["fetched_at"] for row in table.to_pylist()} == {FETCHED_AT}


def test_nothing_new_makes_an_empty_table() -> None:
    known = {("ecb", "USD", MONDAY): Decimal("1.0842")}

    table = as_table([euro("USD", MONDAY, "1.0842")], known, FxSettings(), FETCHED_AT)

    assert table.num_rows == 0


def test_rate_of_a_json_number_is_never_a_float() -> None:
    body = json.dumps(
        [{"date": "2026-03-02", "base": "EUR", "quote": "USD", "rate": 0.1}]
    )

    (rate,) = fetched(Answer(body.encode()), provider="frankfurter")

    assert rate.rate == Decimal("0.1")
