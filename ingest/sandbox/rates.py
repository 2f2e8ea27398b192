"""The European Central Bank's reference rates file, seeded, in its exact shape.

Source: ECB, "Euro foreign exchange reference rates", eurofxref-hist.zip.
"""

import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from threading import Lock

import numpy as np

from ingest.sandbox import noise

FIRST_DAY = date(2021, 1, 4)
PUBLISHED_AT = time(15, 0, tzinfo=UTC)
_STREAM = 31
_DAYS = 10_000
_STEP = 35
# In ten-thousandths a day: BGN is fixed to the euro, DKK kept close to it.
_STEPS = {"BGN": 0, "DKK": 1}

# A euro's worth on the first day, with as many places as the file gives; "-" where the
# column stands in the file but the currency had gone.
_COLUMNS = {
    "USD": "1.0842",
    "JPY": "158.36",
    "BGN": "1.9558",
    "CYP": "-",
    "CZK": "24.853",
    "DKK": "7.4595",
    "EEK": "-",
    "GBP": "0.85405",
    "HUF": "391.28",
    "LTL": "-",
    "LVL": "-",
    "MTL": "-",
    "PLN": "4.2745",
    "ROL": "-",
    "RON": "4.9752",
    "SEK": "11.3245",
    "SIT": "-",
    "SKK": "-",
    "CHF": "0.9576",
    "ISK": "149.30",
    "NOK": "11.4385",
    "HRK": "-",
    "RUB": "-",
    "TRL": "-",
    "TRY": "35.6284",
    "AUD": "1.6324",
    "BRL": "5.4512",
    "CAD": "1.4716",
    "CNY": "7.8245",
    "HKD": "8.4672",
    "IDR": "17213.55",
    "ILS": "3.9876",
    "INR": "90.4820",
    "KRW": "1462.38",
    "MXN": "18.2345",
    "MYR": "5.0786",
    "NZD": "1.7745",
    "PHP": "61.124",
    "SGD": "1.4586",
    "THB": "39.214",
    "ZAR": "20.1562",
}
# Bulgaria took the euro on 2026-01-01.
_LAST_DAYS = {"BGN": date(2025, 12, 31)}


class Rates:
    """Rates of one euro by working day, each out at 15:00 UTC unless withheld."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._withheld: set[date] = set()
        self._corrected: dict[tuple[date, str], Decimal] = {}
        self._files: dict[tuple[date | None, frozenset[date]], bytes] = {}
        self._walks: dict[str, list[int]] = {}
        self._lock = Lock()

    def withhold(self, day: date) -> None:
        """Leaves the day out of the file until it is released."""
        with self._lock:
            self._withheld.add(day)

    def release(self, day: date) -> None:
        with self._lock:
            self._withheld.discard(day)

    def correct(self, day: date, currency: str, rate: Decimal) -> None:
        """Replaces a rate, published or not, in the file from now on."""
        with self._lock:
            self._corrected[day, currency] = rate
            self._files.clear()

    def on(self, day: date) -> dict[str, Decimal]:
        """The day's rates by currency, withheld or not; empty when none are made."""
        if day < FIRST_DAY or not is_working_day(day):
            return {}
        return {
            currency: self._corrected.get((day, currency))
            or self._rate(currency, first, day)
            for currency, first in _COLUMNS.items()
            if first != "-" and day <= _LAST_DAYS.get(currency, day)
        }

    def published(self, now: datetime) -> list[date]:
        """The days in the file at a moment, newest first."""
        moment = now.astimezone(UTC)
        last = moment.date()
        if moment.timetz() < PUBLISHED_AT:
            last -= timedelta(days=1)
        with self._lock:
            withheld = frozenset(self._withheld)
        days = (
            last - timedelta(days=ago) for ago in range((last - FIRST_DAY).days + 1)
        )
        return [day for day in days if is_working_day(day) and day not in withheld]

    def csv(self, now: datetime) -> bytes:
        """The file as text, as it is at a moment."""
        days = self.published(now)
        with self._lock:
            key = (days[0] if days else None, frozenset(self._withheld))
            if key not in self._files:
                self._files[key] = self._text(days).encode("ascii")
            return self._files[key]

    def archive(self, now: datetime) -> bytes:
        """The zip around the file; the same bytes for the same rates."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo("eurofxref-hist.csv")
            archive.writestr(entry, self.csv(now), zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    def _text(self, days: list[date]) -> str:
        lines = [",".join(("Date", *_COLUMNS)) + ","]
        for day in days:
            rates = self.on(day)
            cells = [str(rates.get(currency, "N/A")) for currency in _COLUMNS]
            lines.append(",".join((day.isoformat(), *cells)) + ",")
        return "\n".join(lines) + "\n"

    def _rate(self, currency: str, first: str, day: date) -> Decimal:
        base = Decimal(first)
        walked = self._walk(currency)[(day - FIRST_DAY).days]
        return (base * (10_000 + walked) / 10_000).quantize(base)

    def _walk(self, currency: str) -> list[int]:
        if currency not in self._walks:
            step = _STEPS.get(currency, _STEP)
            place = list(_COLUMNS).index(currency)
            (drawn,) = noise.draws(1, self._seed, _STREAM, place, np.arange(_DAYS))
            steps = noise.spread(drawn, -step, step + 1)
            self._walks[currency] = np.cumsum(steps).tolist()
        return self._walks[currency]


def is_working_day(day: date) -> bool:
    """Whether the day is a TARGET working day, on which rates are made."""
    easter = _easter(day.year)
    closed = easter - timedelta(days=2), easter + timedelta(days=1)
    fixed = (day.month, day.day) in ((1, 1), (5, 1), (12, 25), (12, 26))
    return day.weekday() < 5 and not fixed and day not in closed


def _easter(year: int) -> date:
    # Gregorian computus: golden number, century corrections, Paschal full moon, Sunday.
    golden = year % 19
    century = year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    epact -= (epact // 28) * (
        1 - (epact // 28) * (29 // (epact + 1)) * ((21 - golden) // 11)
    )
    weekday = (year + year // 4 + epact + 2 - century + century // 4) % 7
    days = epact - weekday
    month = 3 + (days + 40) // 44
    return date(year, month, days + 28 - 31 * (month // 4))
