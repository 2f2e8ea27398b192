"""Exchange rates of a load: asked for while Meta is, loaded before what it said."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

import pyarrow as pa

from ingest import planner, tables
from ingest.errors import RatesUnavailable
from ingest.exchange_rates import as_table, fetch_rates
from ingest.failpoints import reached
from ingest.ledger import Ledger
from ingest.settings import Settings
from ingest.warehouse import known_rates
from ingest.windows import oldest_day

logger = logging.getLogger(__name__)

RATES_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class NewRates:
    """What is new of the provider's rates.

    Attributes:
        rows: as `tables.RATE_SCHEMA`.
        receipts: of having asked; none where it was not time to.
    """

    rows: pa.Table = field(default_factory=tables.RATE_SCHEMA.empty_table)
    failure: RatesUnavailable | None = None
    receipts: list[dict[str, object]] = field(default_factory=list)


def new_rates(settings: Settings, ledger: Ledger) -> NewRates:
    """Rates that are new or corrected; the provider is asked once an hour."""
    now = settings.clock()
    read_at = ledger.rates_read_at
    if settings.fx.provider == "none" or (
        read_at is not None
        and -planner.SLACK <= now - read_at < RATES_EVERY - planner.SLACK
    ):
        return NewRates()
    receipt: dict[str, object] = {"resource": "exchange_rates", "requested_at": now}
    try:
        # A weekend before the oldest day needs the rate of the Friday before.
        since = oldest_day(now.date()) - timedelta(days=14)
        found = fetch_rates(settings.fx, since)
        rows = as_table(found, known_rates(settings.data_dir), settings.fx, now)
    except RatesUnavailable as problem:
        logger.warning("%s", problem)
        failed = {
            "outcome": "failed",
            "error_code": problem.code,
            "error": str(problem),
        }
        return NewRates(failure=problem, receipts=[{**receipt, **failed}])
    reached("sync.rates_fetched")
    done = {"outcome": "complete", "row_count": len(found)}
    return NewRates(rows, receipts=[{**receipt, **done}])
