"""Currencies that Meta's amounts can be read in, and pegs: from dbt's seeds."""

import csv
from functools import cache
from pathlib import Path

_SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"
SEED = _SEEDS / "currency_minor_units.csv"
PEGS = _SEEDS / "currency_pegs.csv"


@cache
def known_currencies() -> frozenset[str]:
    """Codes of the currencies whose minor units at Meta are known.

    Source: Marketing API, "Currencies".
    """
    with SEED.open(encoding="utf-8", newline="") as file:
        return frozenset(row["currency"] for row in csv.DictReader(file))


@cache
def anchors() -> dict[str, str]:
    """The currency that each pegged currency is pegged to."""
    with PEGS.open(encoding="utf-8", newline="") as file:
        return {row["currency"]: row["anchor_currency"] for row in csv.DictReader(file)}
