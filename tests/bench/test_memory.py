"""Peak memory of a first load of half a million, one and four million rows."""

from pathlib import Path

import pytest

from tests.bench.measuring import (
    insight_rows,
    large_plans,
    last_days,
    pathways,
    report,
    served,
    summary,
)
from tests.conftest import Pathways

pytestmark = pytest.mark.bench

ROUNDS = 2
# Accounts and days: about 2,650 rows a day and account.
SIZES = {"0.5 M": (1, 200), "1 M": (2, 200), "4 M": (7, 220)}


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    found: dict[str, dict[str, object]] = {}
    peaks: dict[str, float] = {}
    for name, (accounts, days) in SIZES.items():
        costs = []
        rows = 0
        with served(large_plans(accounts, days)) as world:
            for number in range(ROUNDS):
                run = Pathways(tmp_path / f"{name}{number}", extra=world.environment)
                costs.append(pathways(run, "sync", *last_days(days)))
                rows = insight_rows(run)
        peaks[name] = max(cost.peak_mb for cost in costs)
        found[name] = {"rows": rows, **summary(costs)}
    report("memory", {"first_load": found})

    assert max(peaks.values()) <= 800
    # The same at both sizes, but for the noise of an allocator.
    assert peaks["4 M"] <= 1.15 * peaks["1 M"]
