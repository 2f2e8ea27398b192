"""The rates file has the ECB's shape and comes out by the clock."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import requests

from ingest.sandbox.rates import is_working_day
from ingest.sandbox.server import Sandbox


def read(sandbox: Sandbox) -> list[dict[str, str]]:
    answer = requests.get(f"{sandbox.url}/eurofxref-hist.zip", timeout=10)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        text = archive.read("eurofxref-hist.csv").decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_reads_as_the_rates_that_are_true(shared: Sandbox) -> None:
    rows = read(shared)

    days = [row["Date"] for row in rows]
    assert days == sorted(days, reverse=True)
    for row in rows[:300]:
        rates = {
            name: Decimal(value)
            for name, value in row.items()
            if name not in ("Date", "") and value != "N/A"
        }
        assert rates == shared.rates.on(date.fromisoformat(row["Date"]))


def test_lines_end_in_a_comma_as_the_real_ones_do(shared: Sandbox) -> None:
    text = requests.get(f"{shared.url}/eurofxref-hist.csv", timeout=10).text

    head, *lines = text.splitlines()
    assert head.startswith("Date,USD,JPY,BGN,CYP,")
    assert head.endswith(",ZAR,")
    assert all(line.endswith(",") for line in lines)
    assert {line.count(",") for line in lines} == {head.count(",")}
    assert "SAR" not in head
    assert "AED" not in head


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 3, 7),
        date(2026, 3, 8),
        date(2026, 1, 1),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2024, 3, 29),
        date(2024, 4, 1),
        date(2025, 4, 21),
        date(2025, 5, 1),
        date(2025, 12, 26),
    ],
    ids=str,
)
def test_no_rates_on_weekends_and_target_holidays(shared: Sandbox, day: date) -> None:
    assert not is_working_day(day)
    assert shared.rates.on(day) == {}


def test_a_day_comes_out_at_three_in_the_afternoon(sandbox: Sandbox) -> None:
    sandbox.clock.set(datetime(2026, 3, 10, 14, 59, tzinfo=UTC))
    before = read(sandbox)[0]["Date"]
    sandbox.clock.set(datetime(2026, 3, 10, 15, 0, tzinfo=UTC))

    after = read(sandbox)[0]["Date"]

    assert (before, after) == ("2026-03-09", "2026-03-10")


def test_a_withheld_rate_is_missing_until_it_is_released(sandbox: Sandbox) -> None:
    sandbox.rates.withhold(date(2026, 3, 6))
    without = [row["Date"] for row in read(sandbox)[:2]]
    sandbox.rates.release(date(2026, 3, 6))

    released = [row["Date"] for row in read(sandbox)[:2]]

    assert without == ["2026-03-09", "2026-03-05"]
    assert released == ["2026-03-09", "2026-03-06"]


def test_a_corrected_rate_takes_the_published_ones_place(sandbox: Sandbox) -> None:
    day = date(2026, 3, 6)
    before = {row["Date"]: row for row in read(sandbox)}
    sandbox.rates.correct(day, "USD", Decimal("1.2345"))

    after = {row["Date"]: row for row in read(sandbox)}

    assert after[str(day)]["USD"] == "1.2345"
    assert sandbox.rates.on(day)["USD"] == Decimal("1.2345")
    changed = {
        (name, currency)
        for name, row in before.items()
        for currency, rate in row.items()
        if after[name][currency] != rate
    }
    assert changed == {(str(day), "USD")}
