"""Whether the rate provider is there and has the currencies that the stores need."""

from collections.abc import Sequence
from datetime import date, timedelta

from ingest.currencies import anchors
from ingest.doctor.account import rates_check
from ingest.doctor.checks import Check
from ingest.errors import RatesUnavailable
from ingest.exchange_rates import fetch_rates
from ingest.settings import FxSettings

# Banks close over holidays; a week is how long a rate is carried on, see fx_carry_days.
LOOKED_BACK = timedelta(days=7)


def rates_checks(
    fx: FxSettings, pairs: Sequence[tuple[str, str, str]], today: date
) -> list[Check]:
    """One check an account; the provider is asked at most once, and only if need be.

    Args:
        pairs: subject, the account's currency and the store's reporting currency.
    """
    rated: frozenset[str] = frozenset()
    if any(account != reporting for _, account, reporting in pairs):
        try:
            rates = fetch_rates(fx, today - LOOKED_BACK)
        except RatesUnavailable as problem:
            return [
                Check(subject, "DOC-RATES", "warn", problem.message, problem.hint)
                for subject, account, reporting in pairs
                if account != reporting
            ]
        bases = {rate.base_currency for rate in rates}
        rated = frozenset(bases | {rate.quote_currency for rate in rates})
    return [
        rates_check(subject, (account, reporting), fx.provider, rated, anchors())
        for subject, account, reporting in pairs
    ]
